import { cpSync, existsSync, lstatSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { Comparison, TrialResult } from '../../results/comparison.js'
import { machineDifferences } from '../../results/machine-differences.js'
import { messageOf, UsageError } from '../../shared/errors.js'
import { type ComparisonPlan, planComparison } from '../plan/plan.js'
import type { FinishedComparison } from './compare-options.js'
import { makeFolder, readComparison, readPlan, saveComparison, savePlan } from './comparison-folder.js'

export interface MergeOptions {
  /** Folder for the whole, empty or absent. Default: `runs/<name>-<local time>`. */
  out: string | undefined
  /** Whether to pool trials of different machine types too, with a warning. */
  anyMachine: boolean
}

interface Part extends FinishedComparison {
  plan: ComparisonPlan
}

/**
 * Joins the shards of one comparison, at least one: their trials with their recordings, in the
 * order of the schedule. `--resume` can run missing trials.
 *
 * @throws UsageError when they are not of one comparison, hold a trial twice, or come from machines
 *   of different types
 */
export function mergeComparisons(folders: readonly string[], { out, anyMachine }: MergeOptions): FinishedComparison {
  const parts = folders.map(readPart)
  const [first, ...others] = parts as [Part, ...Part[]]
  for (const other of others) refuseOtherComparison(first, other)
  refuseTwice(parts)
  const pooling = poolingNotes(parts, anyMachine)
  const folder = makeFolder(out, first.comparison.name, new Date())
  for (const { folder: from, comparison } of parts)
    for (const trial of [...comparison.trials, ...(comparison.probeTrials ?? [])]) copyTrial(from, folder, trial)
  const comparison = joined(parts, pooling)
  savePlan(folder, first.plan)
  saveComparison(folder, comparison)
  return { folder, comparison }
}

function readPart(folder: string): Part {
  const comparison = readComparison(folder)
  return { folder, comparison, plan: planComparison(readPlan(folder), join(folder, 'plan.json')) }
}

/** Refuses parts whose plans differ, because they measured different things. */
function refuseOtherComparison(first: Part, other: Part): void {
  const keys = Object.keys({ ...first.plan, ...other.plan }) as (keyof ComparisonPlan)[]
  const differing = keys.filter((key) => !isDeepStrictEqual(plain(first.plan[key]), plain(other.plan[key])))
  if (differing.length === 0) return
  const words = differing.map((key) => `${key} (${short(first.plan[key])} and ${short(other.plan[key])})`)
  throw new UsageError(
    `merge: ${first.folder} and ${other.folder} are not of one comparison: they differ in ${words.join(', ')}`,
    { fix: 'Merge what the same command made with --shard 1/N to N/N.' },
  )
}

/** Returns the value as JSON stores it, without undefined keys. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value))
}

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? 'none'
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

function refuseTwice(parts: readonly Part[]): void {
  const owner = new Map<number, string>()
  for (const { folder, comparison } of parts)
    for (const { index, setting, trial } of comparison.trials) {
      const other = owner.get(index)
      if (other !== undefined)
        throw new UsageError(`merge: trial ${trial} of ${setting} is in ${other} and in ${folder}`, {
          fix: 'Name each shard once.',
        })
      owner.set(index, folder)
    }
}

/**
 * Warns of different machine types: levels differ between them, and that difference would look like
 * noise.
 */
function poolingNotes(parts: readonly Part[], anyMachine: boolean): string[] {
  const [{ comparison: first, folder }, ...others] = parts as [Part, ...Part[]]
  const notes = others.flatMap((other) => {
    const differences = machineDifferences(first.machine, other.comparison.machine)
    if (differences.length === 0) return []
    const words = differences.map((one) => `${one.fact} (${one.first} and ${one.second})`).join(', ')
    return [`${folder} and ${other.folder} were measured on different types of machines: ${words}.`]
  })
  if (notes.length === 0 || anyMachine) return notes
  throw new UsageError(`merge: ${notes.join(' ')} Their trials cannot be pooled in silence`, {
    fix: 'Run all shards on one type of machine, or pool them all the same, with a warning in every output: --any-machine.',
  })
}

function copyTrial(from: string, to: string, { folder, trial, setting }: TrialResult): void {
  if (!existsSync(join(from, folder)))
    throw new UsageError(`merge: ${from} lacks ${folder}, the recording of trial ${trial} of ${setting}`)
  if (!isInside(join(from, folder), from))
    throw new UsageError(`merge: ${join(from, folder)} leads out of ${from}: found a link, expected a folder`)
  try {
    // Skip links, which could lead anywhere.
    cpSync(join(from, folder), join(to, folder), {
      recursive: true,
      filter: (path) => !lstatSync(path).isSymbolicLink(),
    })
  } catch (error) {
    throw new UsageError(`merge: cannot copy ${join(from, folder)} to ${to}: ${messageOf(error)}`, { cause: error })
  }
}

function isInside(path: string, folder: string): boolean {
  return realpathSync(path).startsWith(`${realpathSync(folder)}/`)
}

function joined(parts: readonly Part[], notes: readonly string[]): Comparison {
  const all = parts.map(({ comparison }) => comparison)
  const { shard: _, probeTrials, ...first } = all[0]!
  const inOrder = (trials: readonly TrialResult[]) => [...trials].sort((a, b) => a.index - b.index)
  const trials = inOrder(all.flatMap((one) => one.trials)).filter(({ state }) => state !== 'stopped')
  const planned = first.settings.length * first.trialsPerSetting
  const probes = all.flatMap((one) => one.probeTrials ?? [])
  return {
    ...first,
    createdMs: Math.min(...all.map(({ createdMs }) => createdMs)),
    updatedMs: Math.max(...all.map(({ updatedMs }) => updatedMs)),
    state: trials.length === planned ? 'completed' : 'stopped',
    modelBytes: all.find(({ modelBytes }) => modelBytes !== null)?.modelBytes ?? null,
    trials,
    ...(probes.length > 0 && { probeTrials: inOrder(probes) }),
    warnings: [...new Set([...all.flatMap(({ warnings }) => warnings), ...notes])],
  }
}
