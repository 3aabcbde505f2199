import type { Comparison, TrialResult } from '../../results/comparison.js'
import { expandSettings, type Setting } from '../../results/setting.js'
import { allocatorLibrary } from '../../shared/allocator-library.js'
import { UsageError } from '../../shared/errors.js'
import { mean } from '../../statistics/mean.js'
import { TRIALS_TO_DECIDE } from '../../verdict/difference/compare-settings.js'
import { type Candidate, nextTrial, type TuneStep } from '../../verdict/difference/next-trial.js'
import { judgedRounds } from '../../verdict/difference/setting-summary.js'
import type { ComparisonPlan } from '../plan/plan.js'
import { workloadOf } from '../workloads/workload-of.js'
import type { CompareOptions } from './compare-options.js'
import { makeFolder, savePlan } from './comparison-folder.js'
import { startComparison } from './run-comparison.js'
import { trialRunner } from './trial-runner.js'
import { asOnlyWriter } from './writer-lock.js'

export interface Tuned {
  folder: string
  comparison: Comparison
  outcome: Exclude<TuneStep, { kind: 'run' }> | { kind: 'stopped' }
}

/** Returns the allocators of this machine, glibc first. */
export function allocatorsFound(names: readonly string[]): string[] {
  return names.filter((name) => {
    try {
      allocatorLibrary(name)
      return true
    } catch (error) {
      if (error instanceof UsageError) return false
      throw error
    }
  })
}

/**
 * Searches for the cheapest setting of a plan whose peak stays under a limit, with as few trials as
 * that takes. The trials are kept as a comparison, in which settings that were ruled out early have
 * fewer.
 */
export async function tune(plan: ComparisonPlan, limitBytes: number, options: CompareOptions = {}): Promise<Tuned> {
  const settings = expandSettings(plan.settings).filter(isWorthTrying)
  const workload = workloadOf(plan)
  workload.check(settings)
  const folder = makeFolder(options.out, `${plan.name}-tune`, new Date())
  return asOnlyWriter(folder, () => runUntilFound(folder, { plan, settings, limitBytes }, options))
}

async function runUntilFound(
  folder: string,
  { plan, settings, limitBytes }: { plan: ComparisonPlan; settings: Setting[]; limitBytes: number },
  options: CompareOptions,
): Promise<Tuned> {
  savePlan(folder, plan)
  const comparison = { ...startComparison(plan, settings), limitBytes, expectations: {} }
  const { run, finish } = trialRunner({ folder, plan, comparison, trials: settings.length * TRIALS_TO_DECIDE }, options)
  for (;;) {
    const step = nextTrial(candidatesOf(comparison), limitBytes)
    if (step.kind !== 'run') return { folder, comparison: finish('completed'), outcome: step }
    if (options.signal?.aborted) return { folder, comparison: finish('stopped'), outcome: { kind: 'stopped' } }
    const trial = comparison.trials.filter(({ setting }) => setting === step.label).length + 1
    await run({ index: comparison.trials.length + 1, setting: step.label, trial })
  }
}

/** Returns whether a setting is worth a trial: MALLOC_ARENA_MAX only affects glibc. */
function isWorthTrying({ values }: Setting): boolean {
  return values.allocator === 'glibc' || values.allocator === undefined || values.arenaMax === 'unset'
}

function candidatesOf({ settings, trials, judge }: Comparison): Candidate[] {
  return settings.map(({ label }) => {
    const own = trials.filter(({ setting, state }) => setting === label && state !== 'stopped')
    const completed = own.filter(({ state }) => state === 'completed').map((trial) => judgedRounds(trial, judge))
    return {
      label,
      peakBytes: completed.map((rounds) => Math.max(...rounds.map(({ peakBytes, end }) => peakBytes ?? end.rssBytes))),
      roundMs: completed.map((rounds) => mean(rounds.map(({ startedMs, endedMs }) => endedMs - startedMs))),
      hasFailed: own.some(({ state }: TrialResult) => state === 'failed'),
    }
  })
}
