import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { readMachineFacts } from '../linux/machine.js'
import type { Comparison, TrialResult } from './comparison.js'
import type { ComparisonDefinition } from './definition.js'
import { makeFolder, readComparison, readPlan, saveComparison, savePlan } from './folder.js'
import { type ComparisonPlan, planComparison } from './plan.js'
import { type ScheduledTrial, scheduleTrials } from './schedule.js'
import { expandSettings, type Setting } from './settings.js'
import { runTrial } from './trial.js'
import { workloadOf } from './workloads/workload-of.js'

export interface CompareOptions {
  /** Folder for the results, empty or absent; `runs/<name>-<local time>` when left out. */
  out?: string | undefined
  /** Ends the trial that runs and keeps what was measured. */
  signal?: AbortSignal | undefined
  onProgress?: ((event: ComparisonEvent) => void) | undefined
}

/** What happens while a comparison runs. Round and RSS are those of the judged role. */
export type ComparisonEvent =
  | {
      kind: 'started'
      folder: string
      name: string
      judge: string
      settings: number
      trials: number
      trialsDone: number
    }
  | { kind: 'trial-started'; trial: ScheduledTrial }
  | { kind: 'trial-progress'; trial: ScheduledTrial; round: number; rounds: number | null; rssBytes: number | null }
  | { kind: 'trial-ended'; trial: ScheduledTrial; result: TrialResult }

export interface FinishedComparison {
  folder: string
  comparison: Comparison
}

/**
 * Runs every trial of a comparison, one at a time, each in fresh processes, in the order that its seed gives. A trial that
 * fails is kept with its reason, and the next one runs. `comparison.json` is complete after every trial.
 *
 * @throws UsageError when the definition or the folder is not right; nothing was started then
 */
export async function compare(
  definition: ComparisonDefinition,
  options: CompareOptions = {},
): Promise<FinishedComparison> {
  return runPlan(planComparison(definition, 'the definition'), options)
}

/** The same for a plan that was checked already. */
export async function runPlan(plan: ComparisonPlan, options: CompareOptions = {}): Promise<FinishedComparison> {
  const settings = expandSettings(plan.settings)
  workloadOf(plan).check(settings)
  const folder = makeFolder(options.out, plan.name, new Date())
  savePlan(folder, plan)
  return runTrials(folder, plan, startComparison(plan, settings), options)
}

/** Goes on with a comparison that was stopped: runs the trials that its folder lacks, in the same order. */
export async function resumeComparison(
  folder: string,
  options: Omit<CompareOptions, 'out'> = {},
): Promise<FinishedComparison> {
  const plan = planComparison(readPlan(folder), join(folder, 'plan.json'))
  workloadOf(plan).check(expandSettings(plan.settings))
  return runTrials(folder, plan, reopenComparison(readComparison(folder)), options)
}

function startComparison(plan: ComparisonPlan, settings: Setting[]): Comparison {
  return {
    format: 'tidemark-comparison/1',
    name: plan.name,
    createdMs: Date.now(),
    updatedMs: Date.now(),
    state: 'running',
    job: workloadOf(plan).job,
    modelBytes: null,
    judge: plan.judge,
    seed: plan.seed,
    trialsPerSetting: plan.trials,
    machine: readMachineFacts(),
    settings,
    limitBytes: plan.limit ?? null,
    ...(plan.floor === undefined ? {} : { floor: plan.floor }),
    expectations: expectationsOf(plan, settings),
    trials: [],
    warnings: [],
  }
}

/** A trial that was stopped half way is run again; one that failed is a result. */
function reopenComparison(comparison: Comparison): Comparison {
  const { machine } = comparison
  const here = readMachineFacts()
  const isSame =
    here.hostname === machine.hostname && here.cpuModel === machine.cpuModel && here.kernel === machine.kernel
  const moved = `Resumed on another machine: ${here.hostname} (${here.kernel}) after ${machine.hostname} (${machine.kernel}).`
  return {
    ...comparison,
    state: 'running',
    trials: comparison.trials.filter(({ state }) => state !== 'stopped'),
    warnings: isSame ? comparison.warnings : [...comparison.warnings, moved],
  }
}

/** By the label of each setting that something is expected of: a list of shapes for each axis. */
function expectationsOf(plan: ComparisonPlan, settings: readonly Setting[]): Record<string, string[][]> {
  const expectations = settings.flatMap(({ label, values }) => {
    const shapes = Object.entries(plan.expect).flatMap(([axis, byValue]) => {
      const expected = byValue[String(values[axis])]
      return expected === undefined ? [] : [expected]
    })
    return shapes.length === 0 ? [] : [[label, shapes] as const]
  })
  return Object.fromEntries(expectations)
}

async function runTrials(
  folder: string,
  plan: ComparisonPlan,
  comparison: Comparison,
  { signal, onProgress = () => {} }: CompareOptions,
): Promise<FinishedComparison> {
  const workload = workloadOf(plan)
  const schedule = scheduleTrials(
    comparison.settings.map(({ label }) => label),
    plan.trials,
    plan.seed,
  )
  const done = new Set(comparison.trials.map(({ index }) => index))
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
    trials: schedule.length,
    trialsDone: done.size,
  })
  for (const trial of schedule) {
    if (done.has(trial.index)) continue
    if (signal?.aborted) break
    onProgress({ kind: 'trial-started', trial })
    const setting = comparison.settings.find(({ label }) => label === trial.setting)!
    const { result, modelBytes } = await runTrial({
      trial,
      setting,
      plan,
      workload,
      machine: comparison.machine,
      comparisonFolder: folder,
      folder: makeTrialFolder(folder, trial),
      signal,
      onProgress: (progress) => onProgress({ kind: 'trial-progress', trial, ...progress }),
    })
    comparison.trials.push(result)
    comparison.modelBytes ??= modelBytes
    save()
    onProgress({ kind: 'trial-ended', trial, result })
  }
  const isComplete = comparison.trials.filter(({ state }) => state !== 'stopped').length === schedule.length
  comparison.state = isComplete ? 'completed' : 'stopped'
  save()
  return { folder, comparison }
}

/** A folder of that number can only be left from a trial that was cut off; it is measured anew. */
function makeTrialFolder(folder: string, trial: ScheduledTrial): string {
  const name = `${String(trial.index).padStart(4, '0')}-${trial.setting.replaceAll(/[^\w.=-]+/g, '_')}`
  const relative = join('trials', name)
  rmSync(join(folder, relative), { recursive: true, force: true })
  mkdirSync(join(folder, relative), { recursive: true })
  return relative
}
