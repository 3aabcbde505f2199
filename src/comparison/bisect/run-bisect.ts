import type { Comparison, PlannedRef } from '../../results/comparison.js'
import type { Setting } from '../../results/setting.js'
import { TargetError } from '../../shared/errors.js'
import { mean } from '../../statistics/mean.js'
import type { BisectRound } from '../../verdict/bisect/evidence.js'
import { type BisectStep, nextBisectStep } from '../../verdict/bisect/next-step.js'
import { REF_AXIS } from '../../verdict/gate/gate-refs.js'
import { gatedNumbers } from '../../verdict/gate/gated-numbers.js'
import type { ComparisonPlan } from '../plan/plan.js'
import { scheduleTrials } from '../plan/schedule.js'
import { Checkouts } from '../refs/checkouts.js'
import { bringJobFiles } from '../refs/job-files.js'
import type { RefsPlan } from '../refs/refs-plan.js'
import type { CompareOptions } from '../run/compare-options.js'
import { makeFolder, readComparison, readPlan, savePlan } from '../run/comparison-folder.js'
import { startComparison } from '../run/run-comparison.js'
import { type TrialRunner, trialRunner } from '../run/trial-runner.js'
import { asOnlyWriter } from '../run/writer-lock.js'
import { type BisectMetric, type BisectState, readBisect, saveBisect } from './bisect-state.js'

/** A plan whose refs are the commits from good to bad. */
export type BisectPlan = ComparisonPlan & { refs: RefsPlan }

export interface FinishedBisect {
  folder: string
  comparison: Comparison
  state: BisectState
  commits: readonly PlannedRef[]
  /** Outcome of the search; undefined if it was stopped. */
  outcome: Exclude<BisectStep, { kind: 'measure' }> | undefined
}

/**
 * Searches for the commit that made a job worse. Keeps the trials as a comparison, with a setting
 * for each measured commit.
 *
 * @throws TargetError when the good or the bad commit cannot be built or measured
 */
export async function bisect(plan: BisectPlan, state: BisectState, options: CompareOptions): Promise<FinishedBisect> {
  const folder = makeFolder(options.out, `${plan.name}-bisect`, new Date())
  return asOnlyWriter(folder, () => {
    savePlan(folder, plan)
    saveBisect(folder, state)
    const comparison = { ...startComparison(plan, []), expectations: {} }
    return search({ folder, plan, state, comparison }, options)
  })
}

/** Resumes a stopped search. Measures an interrupted round again. */
export async function resumeBisect(folder: string, options: CompareOptions): Promise<FinishedBisect> {
  const state = readBisect(folder)
  const plan = readPlan(folder) as BisectPlan
  return asOnlyWriter(folder, () => {
    const comparison = { ...readComparison(folder), state: 'running' as const }
    comparison.trials = comparison.trials.filter((trial) => trial.state !== 'stopped')
    return search({ folder, plan, state, comparison }, options)
  })
}

interface Search {
  folder: string
  plan: BisectPlan
  state: BisectState
  comparison: Comparison
}

async function search(searched: Search, options: CompareOptions): Promise<FinishedBisect> {
  const { folder, plan, state, comparison } = searched
  const commits = plan.refs.refs
  const checkouts = new Checkouts(plan.refs, {
    signal: options.signal,
    onNote: (note) => options.onProgress?.({ kind: 'preparing', note }),
  })
  const onProgress: CompareOptions['onProgress'] = (event) =>
    options.onProgress?.(event.kind === 'started' ? { ...event, settings: commits.length } : event)
  const trials = mostTrials(commits.length, state)
  const runner = trialRunner({ folder, plan, comparison, trials }, { ...options, onProgress })
  try {
    for (;;) {
      const skipped = new Set(state.skipped.map(({ commit }) => commit))
      const step = nextBisectStep(commits.length - 1, state.rounds, skipped, { ...state, level: levelOf(searched) })
      if (step.kind !== 'measure')
        return { folder, comparison: runner.finish('completed'), state, commits, outcome: step }
      const round = options.signal?.aborted ? undefined : await runRound(searched, step, { checkouts, runner })
      if (options.signal?.aborted)
        return { folder, comparison: runner.finish('stopped'), state, commits, outcome: undefined }
      if (round !== undefined) state.rounds.push(round)
      saveBisect(folder, state)
    }
  } finally {
    checkouts.release()
  }
}

/**
 * Returns the level that shares of a slope refer to: the end RSS of the good commit, since a slope
 * has no level of its own.
 */
function levelOf({ plan, state, comparison }: Search): number | undefined {
  const good = `${REF_AXIS}=${plan.refs.refs[0]!.ref}`
  const floors = gatedNumbers(comparison).find(({ label }) => label === good)?.floorBytes ?? []
  return state.metric === 'slope' && floors.length > 0 ? mean(floors) : undefined
}

/** Estimates the trials for the progress: the ends, and twice as many commits as halving takes. */
function mostTrials(commits: number, { trials }: BisectState): number {
  return 2 * trials + Math.ceil(Math.log2(commits)) * 3 * trials
}

type Measure = Extract<BisectStep, { kind: 'measure' }>

/** Runs one round. Returns undefined if its commit is skipped, or the user stopped it. */
async function runRound(
  { plan, state, comparison }: Search,
  { low, high, between }: Measure,
  { checkouts, runner }: { checkouts: Checkouts; runner: TrialRunner },
): Promise<BisectRound | undefined> {
  const asked = [low, high, ...(between === null ? [] : [between])]
  const labels: string[] = []
  for (const commit of asked) {
    try {
      labels.push(await prepare(plan, comparison, commit, checkouts))
    } catch (error) {
      if (!(error instanceof TargetError) || commit !== between) throw error
      state.skipped.push({ commit, reason: error.message.split('\n')[0]! })
      return undefined
    }
  }
  const values = new Map<string, number>()
  const order = scheduleTrials(labels, 1, plan.seed + state.rounds.length)
  for (const { setting } of order) {
    const trial = comparison.trials.filter((one) => one.setting === setting).length + 1
    const index = Math.max(0, ...comparison.trials.map((one) => one.index)) + 1
    await runner.run({ index, setting, trial })
    const result = comparison.trials.at(-1)!
    if (result.state === 'stopped') return undefined
    const value = numberOf(comparison, setting, state.metric)
    if (value !== undefined) {
      values.set(setting, value)
      continue
    }
    const reason = result.reason ?? `its trial has no ${state.metric}: too few rounds, or none of ${comparison.judge}`
    const commit = asked[labels.indexOf(setting)]!
    if (commit === low || commit === high)
      throw new TargetError(`a trial of ${describeCommit(plan, commit)}, an end of the search, failed: ${reason}`)
    state.skipped.push({ commit, reason })
    return undefined
  }
  const valueAt = (place: number) => values.get(labels[place]!)!
  return {
    low,
    high,
    between,
    values: { low: valueAt(0), high: valueAt(1), between: between === null ? null : valueAt(2) },
  }
}

/** Checks a commit out, builds it, and makes it a setting. Returns the setting's label. */
async function prepare(
  plan: BisectPlan,
  comparison: Comparison,
  commit: number,
  checkouts: Checkouts,
): Promise<string> {
  const planned = plan.refs.refs[commit]!
  const label = `${REF_AXIS}=${planned.ref}`
  const notes = await checkouts.prepare(planned)
  if (plan.workload.kind === 'command') notes.push(...bringJobFiles(plan.refs, plan.workload, planned))
  for (const note of notes) if (!comparison.warnings.includes(note)) comparison.warnings.push(note)
  if (!comparison.settings.some((one) => one.label === label))
    comparison.settings.push({ label, values: valuesOf(plan, planned) })
  return label
}

function valuesOf(plan: BisectPlan, { ref }: PlannedRef): Setting['values'] {
  const others = Object.entries(plan.settings).filter(([axis]) => axis !== REF_AXIS)
  return { [REF_AXIS]: ref, ...Object.fromEntries(others.map(([axis, values]) => [axis, values[0]!])) }
}

function describeCommit({ refs }: BisectPlan, commit: number): string {
  const { ref, subject } = refs.refs[commit]!
  return `${ref} (${subject})`
}

/** Returns the number of the last trial; undefined if it failed or had none. */
function numberOf(comparison: Comparison, label: string, metric: BisectMetric): number | undefined {
  const trials = comparison.trials.slice(-1)
  const setting = comparison.settings.find((one) => one.label === label)!
  const [numbers] = gatedNumbers({ ...comparison, settings: [setting], trials })
  return { peak: numbers!.peakBytes, end: numbers!.floorBytes, slope: numbers!.slopeBytesPerRound }[metric][0]
}
