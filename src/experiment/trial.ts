import { resolve } from 'node:path'
import { StoppedError, TargetError, TidemarkError } from '../errors.js'
import { describeExit } from '../launch/exit-status.js'
import type { MachineFacts } from '../linux/machine.js'
import { readRecording } from '../recording/read-recording.js'
import { type RecorderHandle, startRecording } from '../recording/recorder.js'
import type { Recording } from '../recording/recording.js'
import { formatDuration } from '../units.js'
import type { TrialResult } from './comparison.js'
import type { ComparisonPlan } from './plan.js'
import type { ScheduledTrial } from './schedule.js'
import type { Setting } from './settings.js'
import { TrialStage } from './stage.js'
import { type TrialProgress, watchTrial } from './trial-progress.js'
import type { Workload } from './workloads/workload.js'

export interface TrialOrder {
  trial: ScheduledTrial
  setting: Setting
  plan: ComparisonPlan
  workload: Workload
  machine: MachineFacts
  comparisonFolder: string
  /** Relative to the comparison's folder; it exists and is empty. */
  folder: string
  signal: AbortSignal | undefined
  onProgress(progress: TrialProgress): void
}

type Outcome = Pick<TrialResult, 'state' | 'reason'>

/**
 * One trial: fresh processes, recorded from their start to their end. However it goes, all its processes have ended and
 * its folder can be read when this resolves; a failure is an outcome and no exception.
 */
export async function runTrial(order: TrialOrder): Promise<{ result: TrialResult; modelBytes: number | null }> {
  const folder = resolve(order.comparisonFolder, order.folder)
  const { judge } = order.plan
  const startedMs = Date.now()
  const recorder = await startRecording({
    folder,
    command: ['tidemark', 'compare', order.plan.name],
    setting: order.setting.values,
    machine: order.machine,
    rateHz: order.plan.rateHz,
  })
  const played = await play(order, recorder)
  const head = await recorder.finish(played.outcome.state, played.outcome.reason)
  const recording = readRecording(folder)
  const recorded: Outcome = head.state === 'failed' ? { state: 'failed', reason: head.reason } : played.outcome
  return {
    modelBytes: recording.modelBytes,
    result: {
      ...order.trial,
      folder: order.folder,
      ...(recorded.state === 'completed' ? verify(order, recording) : recorded),
      startedMs,
      endedMs: Date.now(),
      rounds: recording.rounds,
      initialRssBytes: recording.initial.find(({ role }) => role === judge)?.memory.rssBytes ?? null,
      attribution: recording.attribution.find(({ role }) => role === judge) ?? null,
      warnings: [
        ...recording.warnings.filter((warning) => warning !== head.reason),
        ...failedRounds(recording),
        ...played.warnings,
      ],
    },
  }
}

/** How long the other roles may take to end by themselves once the judged one has ended well. */
const FAREWELL_MS = 10_000

/** Starts the processes, waits until those of the judged role have ended, and ends the others. */
async function play(order: TrialOrder, recorder: RecorderHandle): Promise<{ outcome: Outcome; warnings: string[] }> {
  const { judge, trialDeadlineMs } = order.plan
  const stop = new AbortController()
  const signal = order.signal === undefined ? stop.signal : AbortSignal.any([order.signal, stop.signal])
  const deadline = setTimeout(() => stop.abort(tooLong(trialDeadlineMs)), trialDeadlineMs)
  recorder.onFailure((error) => stop.abort(error))
  const watch = watchTrial(recorder, { judge, rounds: order.workload.rounds, onProgress: order.onProgress })
  const stage = await TrialStage.open(recorder, signal)
  let outcome: Outcome = { state: 'completed', reason: null }
  try {
    await order.workload.start(stage, order.setting)
    const judged = stage.processes.filter(({ role }) => role === judge)
    await unlessAborted(Promise.all(judged.map(({ process }) => process.exited)), signal)
    for (const { process } of judged) {
      if (process.exit?.code !== 0) throw new TargetError(watch.describeBadEnd(process, await process.exited))
    }
    await within(FAREWELL_MS, Promise.all(stage.processes.map(({ process }) => process.exited)))
  } catch (error) {
    if (!(error instanceof TidemarkError)) throw error
    outcome = { state: error instanceof StoppedError ? 'stopped' : 'failed', reason: error.message }
  } finally {
    clearTimeout(deadline)
    watch.close()
    await stage.end()
  }
  return { outcome, warnings: outcome.state === 'completed' ? badEnds(stage, judge) : [] }
}

function tooLong(trialDeadlineMs: number): TargetError {
  return new TargetError(
    `the trial was ended: it took longer than ${formatDuration(trialDeadlineMs)} (--trial-deadline)`,
  )
}

/** Rejects with the signal's reason as soon as it is aborted. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const settled = new AbortController()
  const aborted = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { signal: settled.signal })
  })
  return Promise.race([promise, aborted]).finally(() => settled.abort())
}

/** Resolves with the promise, or when the time is up. */
async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const timeUp = new Promise<void>((done) => {
    timer = setTimeout(done, ms)
  })
  await Promise.race([promise, timeUp])
  clearTimeout(timer)
}

/** A job that says it went well must have left what was asked for. */
function verify({ plan, setting, workload }: TrialOrder, { head, rounds }: Recording): Outcome {
  const recorded = new Set(rounds.filter(({ role }) => role === plan.judge).map(({ round }) => round)).size
  if (workload.rounds !== null && recorded < workload.rounds)
    return {
      state: 'failed',
      reason: `the ${plan.judge} ended well, but ${recorded} of ${workload.rounds} rounds were recorded`,
    }
  const { allocator } = setting.values
  const loaded = head.processes.find(({ role }) => role === plan.judge)?.allocator
  if (allocator !== undefined && loaded !== undefined && loaded !== null && loaded !== allocator)
    return {
      state: 'failed',
      reason: `the allocator asked for is ${allocator}, the one loaded in the ${plan.judge} is ${loaded}`,
    }
  return { state: 'completed', reason: null }
}

function failedRounds({ failedRounds }: Recording): string[] {
  return failedRounds.map(
    ({ round, attempt, reason }) => `round ${round}, attempt ${attempt + 1}, did not commit: ${reason}`,
  )
}

/** Of roles that are not judged: the job went well without them, and the reader should know. */
function badEnds(stage: TrialStage, judge: string): string[] {
  return stage.processes.flatMap(({ role, process }) => {
    const { exit } = process
    return role === judge || exit === null || exit.code === 0 ? [] : [`${process.whom} ${describeExit(exit)}`]
  })
}
