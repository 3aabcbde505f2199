import { isAbsolute } from 'node:path'
import type { FollowedFile } from '../launch/follow-file.js'
import { followLines } from '../launch/follow-lines.js'
import type { FoundContainer } from '../linux/cgroups/find-container.js'
import { readMachineFacts } from '../linux/machine.js'
import { readCommandLine } from '../linux/process/command-line.js'
import { descendantsOf } from '../linux/process/descendants.js'
import { readVariable } from '../linux/process/environment.js'
import { isAlive, type ProcessStat } from '../linux/process/process-stat.js'
import { messageOf, UsageError } from '../shared/errors.js'
import { MARKS_VARIABLE } from '../shared/marks.js'
import { HEAP_DIFF_WARNING } from './heap/heap-diff.js'
import { endHeapOrder, type HeapDiffOptions, writeHeapOrder } from './heap/heap-order.js'
import { looksOf, measuredProcesses } from './heap/measured-process.js'
import { orderWaiting } from './heap/order-waiting.js'
import { SignalledMeasurement, signalledNode } from './heap/signalled-node.js'
import { nameProcess, type RolePattern } from './processes/process-name.js'
import { startRecording } from './recorder.js'
import type { RecorderHandle } from './recorder-handle.js'
import type { RecordingMetadata } from './recording.js'
import { askedFor, CommandRounds, type RoundsOfCommand } from './rounds/command-rounds.js'
import { type NamedRole, watchUnmatched } from './rounds/unmatched.js'
import { undoRecording } from './storage/recording-files.js'

export interface ProcessToAttach {
  target: ProcessStat
  /**
   * Container whose first process is the target: all processes in its cgroup are recorded, and its
   * peak.
   */
  container?: FoundContainer
  /** Folder of the recording, created if missing. */
  folder: string
  rateHz: number
  /** Roles of processes, by patterns for their command lines. */
  roles: readonly RolePattern[]
  /** The roles that the user named; a warning says if no process has one of them. */
  askedRoles: readonly NamedRole[]
  /** Rounds that a log file reports. Rounds of marks are found without it. */
  rounds?: RoundsOfCommand & { logFile: string }
  /** Interval at which to record PSS and USS. */
  sharedIntervalMs?: number
  /** Interval at which newest samples are listened to, see `onRecorder`. Default: never. */
  latestIntervalMs?: number
  /** Whether to reset the peaks of processes. */
  resetPeaks: boolean
  /** Round whose end completes the recording. */
  untilRound?: number
  /** Time that completes the recording. */
  forMs?: number
  /**
   * Has the target measure its heap, if it waits for that, from the first round whose end is seen;
   * `readHeapDiff` reads the result. This completes the recording if neither `untilRound` nor
   * `forMs` is given.
   */
  heapDiff?: HeapDiffOptions
}

/**
 * Interval of checks for heap measurements, so the recording ends at most this long after the last
 * one.
 */
const HEAP_POLL_MS = 250

type End = [state: 'completed' | 'failed' | 'stopped', reason: string | null]

/**
 * Records a running process and its descendants until it ends or the recording is complete. Does
 * nothing to it but reset its peak.
 *
 * @param signal stops the recording; the target is left alone
 * @param onRecorder called when the recorder is ready, before anything is recorded, to listen to
 *   its rounds and samples
 * @param onNote called with what the user should know at once
 */
export async function recordAttached(
  options: ProcessToAttach,
  {
    signal,
    onNote,
    onRecorder,
  }: { signal: AbortSignal; onNote(note: string): void; onRecorder?(recorder: RecorderHandle): void },
): Promise<RecordingMetadata> {
  const { target, folder, rateHz, roles, sharedIntervalMs, resetPeaks } = options
  const undo = undoRecording(folder)
  const recorder = await startRecording({
    folder,
    command: commandOf(target),
    rateHz,
    roles,
    resetPeaks,
    isAttached: true,
    setting: {},
    latestIntervalMs: options.latestIntervalMs ?? null,
    machine: readMachineFacts(target.pid),
    tree: {
      assignment: null,
      recorderPid: process.pid,
      ...(options.container && { containerId: options.container.id }),
    },
    ...(sharedIntervalMs === undefined ? {} : { sharedIntervalMs }),
  })
  onRecorder?.(recorder)
  let rounds: CommandRounds | undefined
  let marks: FollowedFile | undefined
  let heaps: string | undefined
  try {
    rounds = options.rounds && new CommandRounds(options.rounds, recorder)
    marks = followOwnMarks(target, recorder)
    heaps = await startHeapDiff(options, recorder)
  } catch (error) {
    await recorder.finish('failed', messageOf(error))
    undo()
    throw error
  }
  const end = whenEnough(options, recorder, { signal, heaps })
  recordContainer(options, recorder)
  for (const stat of processesOf(options))
    recorder.add({
      pid: stat.pid,
      command: commandOf(stat),
      isNamedByCommand: true,
      ...nameProcess(commandOf(stat), roles),
    })
  const unmatched = watchUnmatched(() => askedFor(rounds, options.askedRoles), {
    processes: () => recorder.processes(),
    onNote,
  })
  const [state, reason] = await end
  if (heaps !== undefined) endHeapOrder(heaps)
  await rounds?.finish(!isAlive(target))
  marks?.close()
  for (const sentence of unmatched.close()) recorder.warn(sentence)
  return recorder.finish(state, reason)
}

/**
 * Orders the heap diff.
 *
 * @returns the folder in which the target leaves its measurements; undefined if none were asked for
 */
async function startHeapDiff(
  { target, folder, heapDiff }: ProcessToAttach,
  recorder: RecorderHandle,
): Promise<string | undefined> {
  if (heapDiff === undefined) return undefined
  const heaps = writeHeapOrder(folder, heapDiff, { marksFile: recorder.marksFile, isRelative: true })
  try {
    await orderWaiting(target.pid, heaps)
  } catch (error) {
    const node = signalledNode(target.pid)
    if (node === undefined) throw error
    const measurement = new SignalledMeasurement(node, { folder: heaps, recording: folder, rounds: heapDiff.rounds })
    recorder.on('roundRecords', (records) => {
      for (const { pid, round } of records) if (pid === target.pid) measurement.roundEnded(round)
    })
  }
  recorder.warn(HEAP_DIFF_WARNING)
  return heaps
}

/**
 * Records the container's cgroup. In version 1, resetting its peak affects its other readers, as
 * resetting a process's does.
 */
function recordContainer({ container, resetPeaks }: ProcessToAttach, recorder: RecorderHandle): void {
  const place = container?.place
  if (place !== undefined && (resetPeaks || place.version === 2)) recorder.recordCgroup(place, { isNew: false })
}

function processesOf({ target, container }: ProcessToAttach): ProcessStat[] {
  const found = [target, ...(container?.processes ?? []), ...descendantsOf(target.pid)]
  return [...new Map(found.filter(isNotOurs).map((stat) => [stat.pid, stat])).values()]
}

/**
 * Excludes the recorder's processes: it may be a descendant of the target, such as a shell that it
 * was started from.
 */
function isNotOurs({ pid, parentPid }: ProcessStat): boolean {
  return pid !== process.pid && parentPid !== process.pid
}

function commandOf({ pid, name }: ProcessStat): string[] {
  const command = readCommandLine(pid)
  return command === null || command.length === 0 ? [name] : command
}

function whenEnough(
  { target, untilRound, forMs }: ProcessToAttach,
  recorder: RecorderHandle,
  { signal, heaps }: { signal: AbortSignal; heaps: string | undefined },
): Promise<End> {
  return new Promise((resolve) => {
    const timer = forMs === undefined ? undefined : setTimeout(() => end('completed', null), forMs)
    const isMeasured = () => measuredProcesses(heaps!).some((process) => looksOf(process) !== undefined)
    const looking =
      heaps === undefined || untilRound !== undefined || forMs !== undefined
        ? undefined
        : setInterval(() => isMeasured() && end('completed', null), HEAP_POLL_MS)
    const end = (...how: End) => {
      clearTimeout(timer)
      clearInterval(looking)
      signal.removeEventListener('abort', onAbort)
      resolve(how)
    }
    const onAbort = () => end('stopped', 'The recording was stopped; the program continues.')
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) onAbort()
    recorder.on('failure', (error) => end('failed', error.message))
    recorder.on('gone', (pid) => {
      if (pid === target.pid) end('completed', null)
    })
    recorder.on('round', (round) => {
      if (untilRound !== undefined && round >= untilRound) end('completed', null)
    })
  })
}

/** Follows the marks that the program writes because it was started with TIDEMARK_MARKS. */
function followOwnMarks(target: ProcessStat, recorder: RecorderHandle): FollowedFile | undefined {
  const marksFile = readVariable(target.pid, MARKS_VARIABLE)
  if (marksFile === null) return undefined
  // A relative name is resolved in the program's working directory.
  const path = isAbsolute(marksFile) ? marksFile : `/proc/${target.pid}/cwd/${marksFile}`
  try {
    return followLines(path, (line) => recorder.copyMark(line), { fromEnd: true })
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    recorder.warn(`The program's own marks are not in this recording: ${error.message}.`) // its memory can be all the same
    return undefined
  }
}
