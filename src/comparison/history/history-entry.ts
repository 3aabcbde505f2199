import * as v from 'valibot'
import { machineSchema, number, settingValues, timeMs } from '../../recording/storage/stored-schemas.js'
import type { Comparison } from '../../results/comparison.js'
import { UsageError } from '../../shared/errors.js'
import { REF_AXIS } from '../../verdict/gate/gate-refs.js'
import { gatedNumbers } from '../../verdict/gate/gated-numbers.js'
import { git } from '../refs/git.js'
import { WORKTREE } from '../refs/refs-plan.js'
import { isDirty, type Repository, resolveRef } from '../refs/resolve-refs.js'

const numbers = v.array(number)

/**
 * One setting of a job at one commit: a line of `tidemark-history.ndjson` (docs/file-formats.md).
 */
export const historySchema = v.looseObject({
  format: v.literal('tidemark-history/1'),
  commit: v.pipe(v.string(), v.regex(/^[0-9a-f]{40,64}$/)),
  subject: v.string(),
  /** Unix time in ms. */
  committedMs: timeMs,
  measuredMs: timeMs,
  name: v.string(),
  setting: v.string(),
  judge: v.string(),
  job: settingValues,
  machine: v.looseObject({ ...machineSchema.entries, arch: v.string(), cores: number, node: v.string() }),
  /** Outcome of the check that produced it; null for a comparison without a baseline. */
  outcome: v.nullable(v.string()),
  peakBytes: numbers,
  floorBytes: numbers,
  slopeBytesPerRound: numbers,
})
export type HistoryEntry = v.InferOutput<typeof historySchema>

/**
 * Makes history entries from a comparison: for each of its refs, or for the commit that is checked
 * out.
 *
 * @param outcome outcome of the check, if there was one
 * @param own files and folders of Tidemark in the checkout, which do not change what was measured
 * @throws UsageError when the checkout has no commit, or nothing was measured
 */
export function entriesOf(
  comparison: Comparison,
  repository: Repository,
  { outcome, own }: { outcome: string | null; own: readonly string[] },
): HistoryEntry[] {
  const { name, judge, job, machine, updatedMs, refs } = comparison
  const head = refs === undefined ? headOf(repository, own) : undefined
  const entries = gatedNumbers(comparison).flatMap(({ label, values, peakBytes, floorBytes, slopeBytesPerRound }) => {
    const ref = values[REF_AXIS]
    const commit = refs === undefined ? head : refs.find((one) => one.ref === ref)
    if (commit === undefined || commit.ref === WORKTREE || peakBytes.length === 0) return []
    const setting = ref === undefined ? label : label.replace(`${REF_AXIS}=${ref}`, '').trim() || 'the job'
    const committed = git(repository.top, ['log', '-1', '--format=%ct', commit.commit, '--'])
    return [
      {
        format: 'tidemark-history/1' as const,
        commit: commit.commit,
        subject: commit.subject,
        committedMs: Number(committed) * 1000,
        measuredMs: updatedMs,
        name,
        setting,
        judge,
        job,
        machine: machine as HistoryEntry['machine'],
        outcome,
        peakBytes,
        floorBytes,
        slopeBytesPerRound,
      },
    ]
  })
  if (entries.length > 0) return entries
  throw new UsageError(`history: ${name} has no completed trial of a commit`, {
    fix: `What is not committed (${WORKTREE}) has no place in a history: commit it first.`,
  })
}

function headOf(repository: Repository, own: readonly string[]) {
  if (isDirty(repository, own))
    throw new UsageError(
      'history: the checkout has changes that are not committed, so what was measured is no commit',
      {
        fix: 'Commit them, or leave them out of the checkout, and measure again.',
      },
    )
  return resolveRef(repository, 'HEAD')
}
