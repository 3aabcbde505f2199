import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import * as v from 'valibot'
import { messageOf, UsageError } from '../errors.js'
import type { MachineFacts } from '../linux/machine.js'
import { machineDifferences } from '../linux/machine-differences.js'
import { TRIALS_TO_DECIDE } from '../verdict/compare-settings.js'
import { type GatedNumbers, gatedNumbers } from '../verdict/gated-numbers.js'
import type { Comparison } from './comparison.js'

/** What `tidemark check` compares with: a small file that is committed beside the code (docs/file-formats.md). */
export interface BaselineFile {
  format: 'tidemark-baseline/1'
  /** One for each comparison and type of machine. */
  entries: BaselineEntry[]
}

export interface BaselineEntry {
  name: string
  /** When it was measured, Unix time in ms. */
  measuredMs: number
  machine: MachineFacts
  judge: string
  job: Comparison['job']
  settings: GatedNumbers[]
}

/** @throws UsageError when there is no such file, or none of this format */
export function readBaselineFile(path: string): BaselineFile {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    if (!existsSync(path))
      throw new UsageError(`there is no baseline ${path}`, {
        fix: 'Write one first: the same command with --update-baseline.',
      })
    throw new UsageError(`cannot read the baseline ${path}: ${messageOf(error)}`, { cause: error })
  }
  const parsed = v.safeParse(schema, value)
  // The schema checks what is relied on; the rest is the writer's promise.
  if (parsed.success) return value as BaselineFile
  const [issue] = parsed.issues
  const key = v.getDotPath(issue)
  throw new UsageError(
    `${path} is no baseline of this version: ${key === null ? '' : `${key}: `}found ${issue.received}, expected ${issue.expected}`,
    { fix: 'Write it anew with --update-baseline.' },
  )
}

const schema = v.looseObject({
  format: v.literal('tidemark-baseline/1'),
  entries: v.array(
    v.looseObject({
      name: v.string(),
      measuredMs: v.number(),
      machine: v.looseObject({
        arch: v.string(),
        cores: v.number(),
        memoryBytes: v.number(),
        kernel: v.string(),
        node: v.string(),
      }),
      judge: v.string(),
      job: v.record(v.string(), v.union([v.string(), v.number()])),
      settings: v.array(
        v.looseObject({
          label: v.string(),
          peakBytes: v.array(v.number()),
          hasSampledPeaks: v.boolean(),
          floorBytes: v.array(v.number()),
          slopeBytesPerRound: v.array(v.number()),
        }),
      ),
    }),
  ),
})

/** @throws UsageError when the comparison holds too little to be a baseline, or the file cannot be written */
export function entryOf(comparison: Comparison): BaselineEntry {
  const settings = gatedNumbers(comparison)
  const short = settings.find(({ peakBytes }) => peakBytes.length < TRIALS_TO_DECIDE)
  if (short !== undefined)
    throw new UsageError(
      `no baseline was written: ${comparison.name} has ${short.peakBytes.length} completed trials of ${short.label}, and fewer than ${TRIALS_TO_DECIDE} decide nothing`,
      { fix: 'Measure more: --trials 5.' },
    )
  const { name, updatedMs, machine, judge, job } = comparison
  return { name, measuredMs: updatedMs, machine, judge, job, settings }
}

/** Takes the place of the entry of that comparison and type of machine; those of other machines stay. */
export function withEntry(file: BaselineFile | undefined, entry: BaselineEntry): BaselineFile {
  const others = (file?.entries ?? []).filter((other) => other.name !== entry.name || !isSameType(other, entry))
  return { format: 'tidemark-baseline/1', entries: [...others, entry] }
}

export function isSameType(one: Pick<BaselineEntry, 'machine'>, other: Pick<BaselineEntry, 'machine'>): boolean {
  return machineDifferences(one.machine, other.machine).every(({ bearsOn }) => bearsOn !== 'memory')
}

export function writeBaselineFile(path: string, file: BaselineFile): void {
  const next = `${path}.next`
  try {
    writeFileSync(next, `${JSON.stringify(file, null, 1)}\n`)
    renameSync(next, path)
  } catch (error) {
    throw new UsageError(`cannot write the baseline ${path}: ${messageOf(error)}`, { cause: error })
  }
}
