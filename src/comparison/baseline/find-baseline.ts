import type { Comparison } from '../../results/comparison.js'
import { describeDifferences, machineDifferences } from '../../results/machine-differences.js'
import { UsageError } from '../../shared/errors.js'
import { type BaselineEntry, type BaselineFile, isSameType } from './baseline-file.js'

export interface FoundBaseline {
  entry: BaselineEntry
  /** Notes for the reader about the baseline. */
  notes: string[]
}

/**
 * Finds the entry to compare with: same name, same job and same type of machine. Memory measured on
 * another type of machine is not comparable: arenas depend on cores, and the engine's heap on
 * memory.
 *
 * @param anyMachine compare with another type of machine too, with a note
 * @throws UsageError when no entry can be compared
 */
export function findBaseline(
  { entries }: BaselineFile,
  comparison: Pick<Comparison, 'name' | 'job' | 'judge' | 'machine'>,
  { path, anyMachine }: { path: string; anyMachine: boolean },
): FoundBaseline {
  const named = entries.filter(({ name }) => name === comparison.name)
  if (named.length === 0)
    throw new UsageError(
      `${path} knows no comparison "${comparison.name}"; it has ${[...new Set(entries.map(({ name }) => name))].join(', ') || 'none'}`,
      { fix: 'Take it in with --update-baseline.' },
    )
  const ofSameType = named.find((entry) => isSameType(entry, comparison))
  const entry = ofSameType ?? (anyMachine ? nearest(named, comparison) : undefined)
  if (entry === undefined) throw onOtherMachine(path, nearest(named, comparison), comparison)
  refuseOtherJob(path, entry, comparison)
  const differences = machineDifferences(entry.machine, comparison.machine)
  if (differences.length === 0) return { entry, notes: [] }
  const where = ofSameType === undefined ? 'on another type of machine' : 'under other conditions'
  return { entry, notes: [`The baseline was measured ${where}: ${describeDifferences(differences)}.`] }
}

function nearest(entries: readonly BaselineEntry[], { machine }: Pick<Comparison, 'machine'>): BaselineEntry {
  const distance = (entry: BaselineEntry) => machineDifferences(entry.machine, machine).length
  return [...entries].sort((a, b) => distance(a) - distance(b))[0]!
}

function onOtherMachine(path: string, entry: BaselineEntry, { name, machine }: Pick<Comparison, 'name' | 'machine'>) {
  const differences = machineDifferences(entry.machine, machine).filter(({ bearsOn }) => bearsOn === 'memory')
  return new UsageError(
    `the baseline of "${name}" in ${path} was measured on another type of machine: ${describeDifferences(differences)}. Peaks of different machines are not comparable`,
    {
      fix: 'Take this machine in beside it with --update-baseline, or compare all the same with --any-machine.',
    },
  )
}

/**
 * Refuses an entry of another job: more rounds or a larger model change the peak, which is no
 * regression.
 */
function refuseOtherJob(path: string, entry: BaselineEntry, { name, job, judge }: Job): void {
  const before: Comparison['job'] = { ...entry.job, judge: entry.judge }
  const now: Comparison['job'] = { ...job, judge }
  const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])]
  const changed = keys.filter((key) => String(before[key]) !== String(now[key]))
  if (changed.length === 0) return
  const words = changed.map((key) => `${key} (${before[key] ?? 'none'}, now ${now[key] ?? 'none'})`)
  throw new UsageError(`the baseline of "${name}" in ${path} is of another job: ${words.join(', ')}`, {
    fix: 'Take the new job in with --update-baseline.',
  })
}

type Job = Pick<Comparison, 'name' | 'job' | 'judge'>
