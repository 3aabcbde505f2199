import { resolve } from 'node:path'
import { describeExit } from '../../launch/exit-status.js'
import { type Guard, startGuard } from '../../launch/guard.js'
import { endHeapOrder, writeHeapOrder } from '../../recording/heap/heap-order.js'
import { type PendingProbe, probeWhenDone } from '../../recording/probe/probe-when-done.js'
import { startRecording } from '../../recording/recorder.js'
import type { RecorderHandle, Span } from '../../recording/recorder-handle.js'
import type { Recording, RoundRecord } from '../../recording/recording.js'
import { type AskedFor, watchUnmatched } from '../../recording/rounds/unmatched.js'
import { readRecording } from '../../recording/storage/read-recording.js'
import { movingSwap, swapNote } from '../../recording/swap.js'
import type { TrialResult } from '../../results/comparison.js'
import { nowMs } from '../../shared/clock.js'
import { messageOf, StoppedError, TargetError, TidemarkError } from '../../shared/errors.js'
import type { SamplingLoop } from '../../shared/machine-facts.js'
import { formatDuration } from '../../shared/units.js'
import type { Step, Workload } from '../workloads/workload.js'
import { combineRoles } from './combine-roles.js'
import { judgedAttribution } from './judged-attribution.js'
import { judgedRoles, parseJudge } from './judged-roles.js'
import { TrialSteps } from './setup-teardown.js'
import { singleRound } from './single-round.js'
import type { TrialOrder } from './trial-order.js'
import { type TrialProcess, TrialProcesses } from './trial-processes.js'
import { watchTrial } from './trial-progress.js'
import { truncateLogs } from './truncate-log.js'
import { type Outcome, unseenAllocators, verify } from './verify-trial.js'

export interface FinishedTrial {
  result: TrialResult
  modelBytes: number | null
  /** Language of the loop that took its samples; undefined if it was not recorded. */
  samplingLoop: SamplingLoop | undefined
  /**
   * Missing items that no other trial would find: a role without a process, or a round pattern
   * without a matching line.
   */
  mismatch: string[]
}

/**
 * Runs one trial: fresh processes, recorded from start to end. Whatever happens, all its processes
 * have ended and its folder can be read when this resolves; a failure is an outcome and not an
 * exception.
 */
export async function runTrial(order: TrialOrder): Promise<FinishedTrial> {
  const folder = resolve(order.comparisonFolder, order.folder)
  const { tree } = order.workload
  const startedMs = nowMs()
  const guard = await startGuard()
  const recorder = await startRecording({
    folder,
    command: ['tidemark', 'compare', order.plan.name],
    setting: order.setting.values,
    machine: order.machine,
    rateHz: order.plan.rateHz,
    areMarksWhole: tree === null,
    ...(tree !== null && {
      tree: { assignment: guard.assignment, recorderPid: process.pid },
      roles: tree.roles,
    }),
  }).catch((error: unknown) => {
    guard.dismiss()
    throw error
  })
  order.onRecorder?.(recorder)
  const heapFolder = order.heapDiff && writeHeapOrder(folder, order.heapDiff, { marksFile: recorder.marksFile })
  const played = await runProcesses(order, { folder, recorder, guard, heapFolder }).catch(async (error: unknown) => {
    // An open recorder would keep this program running.
    await recorder.finish('failed', messageOf(error))
    throw error
  })
  if (heapFolder !== undefined) endHeapOrder(heapFolder)
  const { outcome, span = { startedMs, endedMs: nowMs() } } = played
  const head = await recorder.finish(outcome.state, outcome.reason, span)
  const recording = readRecording(folder)
  const rounds = roundsOf(order, recording)
  const judgedProbes = judgedAttribution(recording.attribution, order.plan.judge, {
    areSummed: tree !== null,
    rounds: recording.rounds,
  })
  const recorded: Outcome = head.state === 'failed' ? { state: 'failed', reason: head.reason } : outcome
  const isSilent = recorded.state === 'completed' && !rounds.some(({ role }) => role === order.plan.judge)
  return {
    modelBytes: recording.modelBytes,
    samplingLoop: head.sampling.loop,
    mismatch: isSilent ? played.unmatched : [],
    result: {
      ...order.trial,
      folder: order.folder,
      ...(recorded.state === 'completed' ? verify(order, recording, rounds) : recorded),
      ...span,
      rounds,
      initialRssBytes: initialRss(order, recording),
      attribution: judgedProbes.find(({ round }) => round === undefined) ?? null,
      ...(order.probeEvery === undefined ? {} : { probes: judgedProbes.filter(({ round }) => round !== undefined) }),
      warnings: [
        ...recording.warnings.filter((warning) => warning !== head.reason),
        ...failedRounds(recording),
        ...halfCleanups(rounds),
        ...swapped(judgedRoles(order.plan.judge), rounds),
        ...unseenAllocators(order, recording, rounds),
        ...played.warnings,
      ],
    },
  }
}

/** The folder, recorder and guard of a trial's processes. */
interface TrialContext {
  folder: string
  recorder: RecorderHandle
  guard: Guard
  /** Folder in which processes leave their heap measurements, if they take any. */
  heapFolder: string | undefined
}

interface TrialEnd {
  outcome: Outcome
  warnings: string[]
  unmatched: string[]
  /**
   * Time from the start of the first process to the end of the last one that decides; undefined if
   * none was started.
   */
  span: Span | undefined
}

/** Starts the processes, waits until those that decide have ended, and ends the others. */
async function runProcesses(order: TrialOrder, scene: TrialContext): Promise<TrialEnd> {
  const { plan, workload, setting } = order
  const { recorder } = scene
  const stop = new AbortController()
  const signal = order.signal === undefined ? stop.signal : AbortSignal.any([order.signal, stop.signal])
  const deadlineMs = workload.timeoutMs ?? plan.trialDeadlineMs
  const flag = workload.timeoutMs === null ? '--trial-deadline' : 'timeout'
  const deadline = setTimeout(() => stop.abort(tooLong(deadlineMs, flag)), deadlineMs)
  recorder.on('failure', (error) => stop.abort(error))
  const watch = watchTrial(recorder, {
    roles: judgedRoles(plan.judge),
    rounds: workload.rounds,
    expectedRuntime: workload.expectedRuntime(setting),
    isForeign: workload.tree !== null,
    onProgress: order.onProgress,
    onBroken: (promise) => stop.abort(new TargetError(promise)),
  })
  const probe = probeTrial(order, recorder)
  const stage = new TrialProcesses(recorder, scene.guard, signal)
  const unmatched = watchUnmatched(() => askedFor(workload, stage), {
    processes: () => recorder.processes(),
    onNote: order.onNote,
  })
  let missing: string[] = []
  const steps = new TrialSteps(scene.folder)
  const { setup, teardown } = workload.steps(setting)
  const decides = ({ role, decides = role === plan.judge }: TrialProcess) => decides
  const warnings: string[] = []
  let outcome: Outcome = { state: 'completed', reason: null }
  try {
    if (setup !== null) await steps.run('setup', setup, signal)
    await workload.start(stage, setting, { probeEvery: order.probeEvery, heapFolder: scene.heapFolder })
    const deciding = stage.processes.filter(decides)
    await unlessAborted(Promise.all(deciding.map(({ process }) => process.exited)), signal)
    stage.closeLogs()
    await probe?.settled()
    for (const { process } of deciding) {
      if (process.exit?.code !== 0) throw new TargetError(watch.describeBadEnd(process, await process.exited))
    }
    await within(workload.farewellMs, Promise.all(stage.processes.map(({ process }) => process.exited)))
  } catch (error) {
    if (!(error instanceof TidemarkError)) throw error
    outcome = { state: error instanceof StoppedError ? 'stopped' : 'failed', reason: error.message }
  } finally {
    clearTimeout(deadline)
    const alone = stage.processes.filter(({ process }) => process.exit !== null)
    warnings.push(...(await stage.end()))
    stage.closeLogs()
    watch.close()
    missing = unmatched.close()
    if (outcome.state === 'completed') warnings.push(...badEnds(alone.filter((one) => !decides(one))))
    if (teardown !== null) warnings.push(...(await tearDown(steps, teardown)))
    await steps.close()
    warnings.push(...truncateLogs(scene.folder))
  }
  return { outcome, warnings, unmatched: missing, span: spanOf(stage.processes, decides) }
}

function askedFor({ asked }: Workload, { rounds }: TrialProcesses): AskedFor {
  return {
    ...(asked?.rounds && rounds && { rounds: { flag: asked.rounds, ...rounds } }),
    roles: asked?.roles ?? [],
    presetRoles: asked?.presetRoles ?? [],
  }
}

function spanOf(processes: readonly TrialProcess[], decides: (one: TrialProcess) => boolean): Span | undefined {
  const ends = processes.flatMap((one) => (decides(one) && one.process.exit !== null ? [one.process.exit.timeMs] : []))
  if (ends.length === 0) return undefined
  return { startedMs: Math.min(...processes.map(({ process }) => process.startedMs)), endedMs: Math.max(...ends) }
}

/** Probes from outside: when the work is done, and in a probe trial also after every N-th round. */
function probeTrial({ plan, workload, probeEvery }: TrialOrder, recorder: RecorderHandle): PendingProbe | undefined {
  const asked = workload.probe()
  if (asked === null) return undefined
  const processes = () => judgedRoles(plan.judge).flatMap((role) => recorder.pidsOf(role).map((pid) => ({ pid, role })))
  return probeWhenDone(recorder, { ...asked, every: probeEvery, processes })
}

/** Runs the teardown. Its failure does not affect a measured trial, but becomes a warning. */
async function tearDown(steps: TrialSteps, teardown: Step): Promise<string[]> {
  try {
    await steps.run('teardown', teardown)
    return []
  } catch (error) {
    if (!(error instanceof TidemarkError)) throw error
    return [`${error.message}.`]
  }
}

/** Returns round records of every role, and of what is judged if that is no role of its own. */
function roundsOf({ plan, workload }: TrialOrder, recording: Recording): RoundRecord[] {
  const roles = judgedRoles(plan.judge)
  const isSilent = workload.isOneRound && !recording.rounds.some(({ role }) => roles.includes(role))
  const rounds = isSilent ? [...recording.rounds, ...singleRound(recording, roles)] : recording.rounds
  // In our own jobs every process, such as a peer, is judged by itself.
  return workload.tree === null ? rounds : [...rounds, ...combineRoles(rounds, recording, plan.judge)]
}

/** Returns the RSS before the work; null unless every judged role was read before it. */
function initialRss({ plan, workload }: TrialOrder, { initial }: Recording): number | null {
  const readings = parseJudge(plan.judge).map(({ role, which }) => {
    const ofRole = initial.filter((one) => one.role === role && (typeof which === 'string' || one.pid === which))
    const bytes = ofRole.map(({ memory }) => memory.rssBytes)
    if (bytes.length === 0) return null
    // Only processes of a foreign program are summed: they were read at one moment.
    return which === 'sum' && workload.tree !== null ? bytes.reduce((sum, one) => sum + one) : Math.max(...bytes)
  })
  return readings.reduce(
    (sum, reading) => (sum === null || reading === null ? null : sum + reading),
    0 as number | null,
  )
}

/**
 * Notes roles whose memory moved to swap or back: RSS alone would fall although nothing was freed.
 */
function swapped(roles: readonly string[], rounds: readonly RoundRecord[]): string[] {
  return roles.flatMap((role) => {
    const swap = movingSwap(rounds.filter((round) => round.role === role).map(({ end }) => end))
    return swap === undefined ? [] : [`${swapNote(`the ${role}`, swap)}.`]
  })
}

function tooLong(deadlineMs: number, flag: string): TargetError {
  return new TargetError(`the trial was ended: it took longer than ${formatDuration(deadlineMs)} (${flag})`)
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

/** Warns of cleanups with a step that could not run: they amount to a different setting. */
function halfCleanups(rounds: readonly RoundRecord[]): string[] {
  const cleanups = rounds.flatMap(({ cleanup }) => cleanup ?? [])
  const withoutPurge = cleanups.filter(({ purgeMs }) => purgeMs === null).length
  const withoutGc = cleanups.filter(({ gcMs }) => gcMs === null).length
  return [
    ...(withoutPurge > 0
      ? [
          `In ${withoutPurge} of ${cleanups.length} cleanups the allocator could not return its free pages; the log of the process says why.`,
        ]
      : []),
    ...(withoutGc > 0
      ? [
          `In ${withoutGc} of ${cleanups.length} cleanups no garbage could be collected; the log of the process says why.`,
        ]
      : []),
  ]
}

/** Most failed rounds that are reported one by one. */
const MOST_FAILED_ROUNDS = 20

function failedRounds({ failedRounds }: Recording): string[] {
  const reported = failedRounds
    .slice(0, MOST_FAILED_ROUNDS)
    .map(({ round, attempt, reason }) => `round ${round}, attempt ${attempt + 1}, did not commit: ${reason}`)
  const more = failedRounds.length - reported.length
  return more === 0
    ? reported
    : [...reported, `and ${more} more attempts at rounds did not commit; marks.ndjson has them all`]
}

/**
 * Notes processes that do not decide and ended badly on their own: the job went well without them.
 */
function badEnds(processes: readonly TrialProcess[]): string[] {
  return processes.flatMap(({ process: { label, exit } }) =>
    exit === null || exit.code === 0 ? [] : [`${label} ${describeExit(exit)}`],
  )
}
