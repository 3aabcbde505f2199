import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder as makeFolders } from '../../linux/files/make-folder.js'
import type { Comparison, TrialResult } from '../../results/comparison.js'
import { UsageError } from '../../shared/errors.js'
import type { SamplingLoop } from '../../shared/machine-facts.js'
import { shellWord } from '../../shared/text.js'
import type { ComparisonPlan } from '../plan/plan.js'
import type { ScheduledTrial } from '../plan/schedule.js'
import type { FinishedTrial } from '../trial/trial.js'
import { runTrial } from '../trial/trial.js'
import { workloadOf } from '../workloads/workload-of.js'
import type { CompareOptions } from './compare-options.js'
import { hasComparison, saveComparison } from './comparison-folder.js'
export interface TrialRunner {
  /**
   * Runs one trial, adds it to the comparison and saves; with `probeEvery` it is added to the probe
   * trials.
   */
  run(trial: ScheduledTrial, probeEvery?: number): Promise<Pick<FinishedTrial, 'mismatch'>>
  finish(state: Comparison['state']): Comparison
}

/** @param trials most trials that will run, for the progress */
export function trialRunner(
  {
    folder,
    plan,
    comparison,
    trials,
  }: { folder: string; plan: ComparisonPlan; comparison: Comparison; trials: number },
  { signal, onProgress = () => {}, onRecorder }: CompareOptions,
): TrialRunner {
  const workload = workloadOf(plan)
  const save = () => {
    comparison.updatedMs = Date.now()
    saveComparison(folder, comparison)
  }
  save()
  onProgress({
    kind: 'started',
    folder,
    name: plan.name,
    judge: plan.judge,
    settings: comparison.settings.length,
    trials,
    trialsDone: allTrials(comparison).length,
    comparison,
  })
  return {
    run: async (trial, probeEvery) => {
      onProgress({ kind: 'trial-started', trial })
      const setting = comparison.settings.find(({ label }) => label === trial.setting)!
      const { result, modelBytes, samplingLoop, mismatch } = await whileThere(folder, async () =>
        runTrial({
          trial,
          setting,
          plan,
          workload,
          machine: comparison.machine,
          comparisonFolder: folder,
          folder: makeTrialFolder(folder, trial),
          probeEvery,
          signal,
          onProgress: (progress) => onProgress({ kind: 'trial-progress', trial, ...progress }),
          onNote: (note) => onProgress({ kind: 'note', trial, note }),
          onRecorder: (recorder) => onRecorder?.(recorder, trial),
        }),
      )
      if (probeEvery === undefined) comparison.trials.push(result)
      else comparison.probeTrials = [...(comparison.probeTrials ?? []), result]
      comparison.modelBytes ??= modelBytes
      noteSamplingLoop(comparison, samplingLoop)
      save()
      onProgress({ kind: 'trial-ended', trial, result })
      return { mismatch }
    },
    finish: (state) => {
      comparison.state = state
      save()
      return comparison
    },
  }
}

/**
 * Runs a trial whose results go into the folder. Where the folder goes away meanwhile, that is the
 * error, whatever the trial met first.
 */
export async function whileThere<T>(folder: string, run: () => Promise<T>): Promise<T> {
  assertThere(folder)
  try {
    return await run()
  } finally {
    assertThere(folder)
  }
}

/**
 * Checks that the folder still exists. The next trial would create it again with only a part of the
 * results, and the other part would be overlooked.
 */
export function assertThere(folder: string): void {
  if (hasComparison(folder)) return
  throw new UsageError(`the folder for the results, ${folder}, was moved or removed while trials ran`, {
    fix: `What it held is where it is now. Put it back and continue with --resume ${shellWord(folder)}, or continue with --resume and its new name.`,
  })
}

/** Notes the loop that took a trial's samples, and warns if the trials before had the other one. */
export function noteSamplingLoop(comparison: Comparison, loop: SamplingLoop | undefined): void {
  const { samplingLoop: before, ...machine } = comparison.machine
  if (loop === undefined || loop === before) return
  comparison.machine = { ...machine, samplingLoop: before ?? loop }
  if (before !== undefined && !comparison.warnings.includes(MIXED_LOOPS)) comparison.warnings.push(MIXED_LOOPS)
}

const MIXED_LOOPS =
  'Some trials were sampled by the loop in C and others by the one in JavaScript, so the cost of sampling differs between them. tidemark doctor says whether there is a C compiler.'

export function allTrials({ trials, probeTrials = [] }: Comparison): TrialResult[] {
  return [...trials, ...probeTrials]
}

/** Repeats the same trials, numbered after the others. */
export function after(scheduled: number): (trial: ScheduledTrial) => ScheduledTrial {
  return (trial) => ({ ...trial, index: trial.index + scheduled })
}

/** Length up to which a folder is named by its setting; a file name has at most 255 bytes. */
const LONGEST_NAME = 120

/** Returns the name of the folder of a trial: its number, and the setting in plain characters. */
export function folderName(index: number, setting: string): string {
  return `${String(index).padStart(4, '0')}-${setting.replaceAll(/[^\w.=-]+/g, '_')}`.slice(0, LONGEST_NAME)
}

/**
 * Makes the folder of a trial. An existing one is left from an interrupted trial, which is measured
 * again.
 */
export function makeTrialFolder(folder: string, trial: ScheduledTrial): string {
  const relative = join('trials', folderName(trial.index, trial.setting))
  rmSync(join(folder, relative), { recursive: true, force: true })
  makeFolders(join(folder, relative))
  return relative
}
