import { describeExit, type ExitStatus } from '../launch/exit-status.js'
import { type Guard, startGuard } from '../launch/guard.js'
import { type Ending, type LaunchedProcess, launch } from '../launch/launch.js'
import { pollUntil } from '../launch/poll.js'
import { readMachineFacts } from '../linux/machine.js'
import { carriers } from '../linux/process/environment.js'
import { MARKS_VARIABLE } from '../shared/marks.js'
import { formatBytes, formatDuration } from '../shared/units.js'
import { commandCgroup } from './command-cgroup.js'
import { HEAP_DIFF_WARNING } from './heap/heap-diff.js'
import { endHeapOrder, type HeapDiffOptions, heapEnvironment, writeHeapOrder } from './heap/heap-order.js'
import { orderProbe } from './probe/probe-order.js'
import { probeWhenDone } from './probe/probe-when-done.js'
import type { Probed } from './probe/take-probe.js'
import { nameProcess, type RolePattern, UNNAMED_ROLE } from './processes/process-name.js'
import { startRecording } from './recorder.js'
import type { RecorderHandle } from './recorder-handle.js'
import type { RecordingMetadata } from './recording.js'
import { askedFor, CommandRounds, type RoundsOfCommand } from './rounds/command-rounds.js'
import { type NamedRole, watchUnmatched } from './rounds/unmatched.js'
import { undoRecording } from './storage/recording-files.js'

export interface CommandToRecord {
  command: readonly string[]
  /** Folder of the recording, created if missing. */
  folder: string
  rateHz: number
  /** Roles of processes, by patterns for their command lines. */
  roles: readonly RolePattern[]
  /** The roles that the user named; a warning says if no process has one of them. */
  askedRoles: readonly NamedRole[]
  /** Roles of the framework's preset, if --rounds names one. */
  presetRoles?: readonly RolePattern[]
  /** Rounds that the command's output or a log file reports. */
  rounds?: RoundsOfCommand
  /** Interval at which to record PSS and USS. */
  sharedIntervalMs?: number
  /** Time after which to end the command. */
  timeoutMs?: number
  /** RSS of the command's tree above which to end it. */
  rssLimitBytes?: number
  /** Has Python and Node processes measure their heaps; `readHeapDiff` reads the results. */
  heapDiff?: HeapDiffOptions
  /**
   * Has the allocator of the command, or of the processes with one of these roles, return its free
   * pages when the work is done.
   */
  probe?: { afterRound: number | null; roles: readonly RolePattern[] }
  /**
   * Whether to run it in a memory cgroup of its own, whose peak is the exact peak of all processes
   * together.
   */
  isInCgroup?: boolean
  /** Variables to add to its environment. */
  environment?: Record<string, string>
  /** Interval at which newest samples are listened to, see `onRecorder`. Default: never. */
  latestIntervalMs?: number
  /** Time between SIGTERM and SIGKILL when the command has to be ended. */
  graceMs: number
}

export interface CommandListener {
  /**
   * Called when the recorder is ready and nothing is recorded yet, to listen to its rounds and
   * samples.
   */
  onRecorder?(recorder: RecorderHandle): void
  /** Called when the command runs, so that signals can be passed on to it. */
  onStart(command: LaunchedProcess, control: CommandControl): void
  /** Called with what the user should know at once. */
  onNote(note: string): void
}

export interface CommandControl {
  /**
   * Ends the command and its descendants as a limit does; the first reason counts.
   *
   * @param isAsPlanned whether the recording then is `stopped` rather than `failed`
   */
  end(why: string, isAsPlanned?: boolean): void
}

export interface RecordedCommand {
  head: RecordingMetadata
  exit: ExitStatus
  /** Why we ended it, and what that took; null if it ended on its own. */
  ended: { why: string; how: Ending['how']; isAsPlanned: boolean } | null
  /** Descendants that still run. They are left alone, as they would be without a recorder. */
  leftBehind: number[]
}

/**
 * Time for a pipeline's last processes to end after its first; only processes that stay longer are
 * left behind.
 */
const SHUTDOWN_GRACE_MS = 200
/**
 * Runs a command under the recorder until the command itself ends. Records all its descendants,
 * even those that leave its group or lose their parents. The command shares our stdin, stdout and
 * stderr.
 *
 * @throws UsageError when there is no such command, or the folder or the log cannot be used
 */
export async function recordCommand(
  options: CommandToRecord,
  { onRecorder, onStart, onNote }: CommandListener,
): Promise<RecordedCommand> {
  const order = options.probe === undefined ? undefined : orderProbe(options.probe.roles.map(({ pattern }) => pattern))
  const guard = await startGuard()
  const undo = undoRecording(options.folder)
  const recorder = await startRecording(recordingOptions(options, guard))
  onRecorder?.(recorder)
  recorder.on('failure', (error) => onNote(`${error.message}\nThe command continues unrecorded.`))
  let rounds: CommandRounds | undefined
  const heaps = options.heapDiff && writeHeapOrder(options.folder, options.heapDiff, { marksFile: recorder.marksFile })
  if (heaps !== undefined) recorder.warn(HEAP_DIFF_WARNING)
  const cgroup = options.isInCgroup ? commandCgroup(guard, recorder, onNote) : undefined
  let command: LaunchedProcess
  try {
    // Follow the log before the command can write to it: its end now is where this command begins.
    rounds = options.rounds && new CommandRounds(options.rounds, recorder)
    command = await launch(guard, {
      label: 'the command',
      command: options.command,
      ...(cgroup && { prefix: cgroup.prefix }),
      environment: {
        ...options.environment,
        [MARKS_VARIABLE]: recorder.marksFile,
        ...order?.environment(process.env.LD_PRELOAD),
        ...(heaps !== undefined && heapEnvironment(heaps)),
      },
      output: options.rounds !== undefined && options.rounds.logFile === undefined ? 'pipe' : 'inherit',
    })
  } catch (error) {
    await rounds?.finish(false)
    await recorder.finish('failed', 'the command could not be started')
    cgroup?.remove()
    guard.dismiss()
    undo()
    throw error
  }
  recorder.add({
    pid: command.pid,
    command: options.command,
    isNamedByCommand: true,
    ...nameProcess(options.command, options.roles),
  })
  await cgroup?.follow(command)
  const probe =
    order &&
    probeWhenDone(recorder, {
      order,
      afterRound: options.probe!.afterRound,
      processes: () => probed(options.probe!.roles, recorder, command),
    })
  rounds?.follow(command)
  const unmatched = watchUnmatched(() => askedFor(rounds, options.askedRoles, options.presetRoles), {
    processes: () => recorder.processes(),
    onNote,
  })
  const limits = enforceLimits(options, recorder, command)
  onStart(command, limits)

  const exit = await command.exited
  await limits.settled()
  await rounds?.finish(exit.code === 0)
  recorder.exited(command.pid, exit)
  await probe?.settled()
  for (const sentence of unmatched.close()) recorder.warn(sentence)
  const ended = limits.ended()
  const leftBehind = await partWith(guard, { isEnded: ended !== null, graceMs: options.graceMs })
  const head = await recorder.finish(...stateOf(exit, ended), {
    startedMs: command.startedMs,
    endedMs: exit.timeMs,
  })
  cgroup?.remove()
  if (heaps !== undefined) endHeapOrder(heaps)
  return { head, exit, ended, leftBehind }
}

/** Returns the processes with one of the roles, or the command itself without roles. */
function probed(roles: readonly RolePattern[], recorder: RecorderHandle, { pid }: LaunchedProcess): Probed[] {
  if (roles.length === 0) return [{ pid, role: UNNAMED_ROLE }]
  const names = [...new Set(roles.map(({ role }) => role))]
  return names.flatMap((role) => recorder.pidsOf(role).map((one) => ({ pid: one, role })))
}

function recordingOptions(options: CommandToRecord, guard: Guard) {
  const { folder, command, rateHz, roles, sharedIntervalMs, rssLimitBytes } = options
  return {
    folder,
    command,
    rateHz,
    roles,
    setting: {},
    latestIntervalMs: options.latestIntervalMs ?? null,
    machine: readMachineFacts(),
    tree: { assignment: guard.assignment, recorderPid: process.pid },
    ...(sharedIntervalMs === undefined ? {} : { sharedIntervalMs }),
    ...(rssLimitBytes === undefined ? {} : { rssLimitBytes }),
  }
}

interface Limits extends CommandControl {
  ended(): RecordedCommand['ended']
  /** Resolves when any ending under way is over. */
  settled(): Promise<void>
}

/** Ends the command when its time is up or its tree is too large; the first reason counts. */
function enforceLimits(
  { timeoutMs, rssLimitBytes, graceMs }: CommandToRecord,
  recorder: RecorderHandle,
  command: LaunchedProcess,
): Limits {
  let ended: RecordedCommand['ended'] = null
  let ending: Promise<void> | undefined
  const endBecause = (why: string, isAsPlanned = false) => {
    ending ??= command.end(graceMs).then(({ how }) => {
      if (how !== 'alone') ended = { why, how, isAsPlanned }
    })
  }
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => endBecause(`it ran longer than ${formatDuration(timeoutMs)} (--timeout)`), timeoutMs)
  recorder.on('overLimit', (rssBytes) => {
    const limit = formatBytes(rssLimitBytes!)
    endBecause(`its tree reached ${formatBytes(rssBytes)}, over the limit of ${limit} (--rss-limit)`)
  })
  return {
    end: endBecause,
    ended: () => ended,
    settled: async () => {
      clearTimeout(timer)
      await ending
    },
  }
}

/**
 * Ends the descendants of a command that we had to end. A command that ended on its own may leave
 * daemons on purpose.
 */
async function partWith(guard: Guard, { isEnded, graceMs }: { isEnded: boolean; graceMs: number }): Promise<number[]> {
  if (isEnded) {
    await guard.close(graceMs)
    return []
  }
  await pollUntil(() => carriers(guard.assignment).length === 0, SHUTDOWN_GRACE_MS)
  guard.dismiss()
  return carriers(guard.assignment)
}

/**
 * Signals that stop a command rather than make it fail: many servers are meant to be ended with
 * Ctrl-C.
 */
const STOPPING_SIGNALS: readonly (string | null)[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

function stateOf(
  exit: ExitStatus,
  ended: RecordedCommand['ended'],
): ['completed' | 'failed' | 'stopped', string | null] {
  if (ended !== null) {
    const how = ended.how === 'forced' ? 'killed, since it did not end when it was asked' : 'ended'
    return [ended.isAsPlanned ? 'stopped' : 'failed', `The command was ${how}: ${ended.why}.`]
  }
  if (exit.code === 0) return ['completed', null]
  return [STOPPING_SIGNALS.includes(exit.signal) ? 'stopped' : 'failed', `The command ${describeExit(exit)}.`]
}
