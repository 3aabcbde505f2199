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
import { nameProcess, type RolePattern } from './processes/process-name.js'
import { startRecording } from './recorder.js'
import type { RecorderHandle } from './recorder-handle.js'
import type { RecordingMetadata } from './recording.js'
import { askedFor, CommandRounds, type RoundsOfCommand } from './rounds/command-rounds.js'
import { watchUnmatched } from './rounds/unmatched.js'

export interface ProcessToAttach {
  target: ProcessStat
  /** The container that it is the first process of: all processes in its cgroup are recorded, and its peak. */
  container?: FoundContainer
  /** Made if it is not there. */
  folder: string
  rateHz: number
  /** Names for processes, by their command lines. */
  roles: readonly RolePattern[]
  /** Those of them that the user named, and misses where no process has them. */
  askedRoles: readonly RolePattern[]
  /** Rounds that a log file tells of. Those of marks are found by themselves. */
  rounds?: RoundsOfCommand & { logFile: string }
  /** Record PSS and USS this often. */
  sharedIntervalMs?: number
  /** Somebody listens to the newest samples, see `onRecorder`. Default: false. */
  isWatched?: boolean
  /** False leaves the peaks of the processes alone. */
  resetPeaks: boolean
  /** Enough once this round has ended. */
  untilRound?: number
  /** Enough after this time. */
  forMs?: number
  /**
   * Have the target measure its heap, if it waits for that, from the first round whose end is seen; `readHeapDiff` reads what it saw. That
   * is enough where neither `untilRound` nor `forMs` is given.
   */
  heapDiff?: HeapDiffOptions
}

/** The last look at a heap is over this long after it at the latest. */
const HEAP_POLL_MS = 250

type End = [state: 'completed' | 'failed' | 'stopped', reason: string | null]

/**
 * Records a process that runs already, and its descendants, until it ends or there is enough. Nothing is done to it but
 * the reset of its peak.
 *
 * @param signal stops the recording; the target is left alone
 * @param onRecorder called when the recorder is ready, before anything is recorded: its rounds and samples can be listened to
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
  const recorder = await startRecording({
    folder,
    command: commandOf(target),
    rateHz,
    roles,
    resetPeaks,
    isAttached: true,
    setting: {},
    tellLatest: options.isWatched ?? false,
    machine: readMachineFacts(),
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

/** @returns the folder in which the target leaves what it sees; undefined where it was not asked to */
async function startHeapDiff(
  { target, folder, heapDiff }: ProcessToAttach,
  recorder: RecorderHandle,
): Promise<string | undefined> {
  if (heapDiff === undefined) return undefined
  const heaps = writeHeapOrder(folder, heapDiff, { marksFile: recorder.marksFile, isRelative: true })
  await orderWaiting(target.pid, heaps)
  recorder.warn(HEAP_DIFF_WARNING)
  return heaps
}

/** In version 1 the reset of a container's peak is seen by others who read it, as that of a process's is. */
function recordContainer({ container, resetPeaks }: ProcessToAttach, recorder: RecorderHandle): void {
  const place = container?.place
  if (place !== undefined && (resetPeaks || place.version === 2)) recorder.recordCgroup(place, { isNew: false })
}

function processesOf({ target, container }: ProcessToAttach): ProcessStat[] {
  const found = [target, ...(container?.processes ?? []), ...descendantsOf(target.pid)]
  return [...new Map(found.filter(isNotOurs).map((stat) => [stat.pid, stat])).values()]
}

/** We may be a descendant of what we attach to: a shell that we were started from. */
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
    const onAbort = () => end('stopped', 'The recording was stopped; the program goes on.')
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) onAbort()
    recorder.onFailure((error) => end('failed', error.message))
    recorder.onGone((pid) => {
      if (pid === target.pid) end('completed', null)
    })
    recorder.onRound((round) => {
      if (untilRound !== undefined && round >= untilRound) end('completed', null)
    })
  })
}

/** The marks that the program writes because it was started with TIDEMARK_MARKS. */
function followOwnMarks(target: ProcessStat, recorder: RecorderHandle): FollowedFile | undefined {
  const marksFile = readVariable(target.pid, MARKS_VARIABLE)
  if (marksFile === null) return undefined
  // A name without a folder is meant from where the program is.
  const path = isAbsolute(marksFile) ? marksFile : `/proc/${target.pid}/cwd/${marksFile}`
  try {
    return followLines(path, (line) => recorder.copyMark(line), { fromEnd: true })
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    recorder.warn(`The program's own marks are not in this recording: ${error.message}.`) // its memory can be all the same
    return undefined
  }
}
