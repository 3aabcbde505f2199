import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Readable } from 'node:stream'
import { findExecutable } from '../linux/files/executable.js'
import { countOomKills, wasOomKilled } from '../linux/memory/out-of-memory.js'
import { groupMembers } from '../linux/process/process-group.js'
import { readProcessStat } from '../linux/process/process-stat.js'
import { nowMs } from '../shared/clock.js'
import { messageOf, systemErrorCode, TidemarkError, UsageError } from '../shared/errors.js'
import { CALLERS_OPEN_FILES_VARIABLE, withCallersLimit } from './callers-limit.js'
import { CALLERS_IGNORED_VARIABLE, withCallersSignals } from './callers-signals.js'
import { endGroup } from './end-group.js'
import type { ExitStatus } from './exit-status.js'
import type { Guard } from './guard.js'
import { signalIfThere } from './signal.js'

export interface LaunchOptions {
  /** Name of the process in messages, for example `server` or `client "site-3"`. */
  label: string
  command: readonly string[]
  /**
   * Words before the command that end by becoming it: a shell that enters a cgroup, for example.
   */
  prefix?: readonly string[]
  /** Variables to add to our own environment; undefined removes one. */
  environment?: Record<string, string | undefined>
  /**
   * Where stdout and stderr go: appended to a file, to where ours go, or to pipes that the caller
   * reads. With `inherit` and `pipe` the process also shares our stdin.
   */
  output: { file: string } | 'inherit' | 'pipe'
  /** Working directory; ours by default. */
  cwd?: string
  /**
   * True for our own roles: they get a pipe as stdin and TIDEMARK_OWNED=1, so that they end
   * themselves when their owner dies.
   */
  owned?: boolean
}

/**
 * A process that we started, in a group and session of its own. Its one owner is the holder of this
 * object.
 */
export interface LaunchedProcess {
  readonly label: string
  /** Pid of the process, and number of its group. */
  readonly pid: number
  readonly startTicks: number
  /** Unix time in ms. */
  readonly startedMs: number
  readonly command: readonly string[]
  readonly logFile: string | null
  /** Only with `output: 'pipe'`. */
  readonly stdout: Readable | null
  readonly stderr: Readable | null
  /** Null while it runs. */
  readonly exit: ExitStatus | null
  /** Settles when the process has ended; never rejects. */
  readonly exited: Promise<ExitStatus>
  /**
   * Signals the process and everything that stayed in its group. Returns false when none of them is
   * left.
   */
  signal(signal: NodeJS.Signals): boolean
  /**
   * Sends SIGTERM to the group, waits at most `graceMs` until all of it has ended, then sends
   * SIGKILL.
   */
  end(graceMs: number): Promise<Ending>
}

export interface Ending {
  /**
   * `alone`: the process had already ended. `asked`: SIGTERM was enough. `forced`: the process, or
   * another one of its group, needed SIGKILL.
   */
  how: 'alone' | 'asked' | 'forced'
  exit: ExitStatus
}

/**
 * Starts a program in its own process group, guarded, so that it does not outlive us.
 * @throws UsageError when there is no such program, or its log cannot be written
 */
export async function launch(guard: Guard, options: LaunchOptions): Promise<LaunchedProcess> {
  const [program, ...args] = options.command
  if (program === undefined) throw new UsageError(`${options.label}: there is no command to start`)
  if (program === '') throw noSuchProgram(options.label, program)
  // The prefix would fail in the program's place, with an error message of its own.
  if (options.prefix !== undefined && findExecutable(program, process.env) === undefined)
    throw noSuchProgram(options.label, program)
  const oomKillsBefore = countOomKills()
  const logFile = typeof options.output === 'object' ? options.output.file : null
  const log = logFile === null ? null : openLog(logFile)
  let startedMs = Number.NaN
  const start = (prefix: readonly string[] = []) => {
    const [first = program, ...rest] = [...prefix, ...(options.prefix ?? []), program, ...args]
    // Stamped before the fork: the sampler's thread may read the process before spawn returns.
    startedMs = nowMs()
    return spawn(first, rest, {
      detached: true,
      stdio: stdioOf(options, log),
      ...(options.cwd !== undefined && { cwd: options.cwd }),
      env: {
        ...process.env,
        [CALLERS_OPEN_FILES_VARIABLE]: undefined,
        [CALLERS_IGNORED_VARIABLE]: undefined,
        ...options.environment,
        ...guard.environment,
        ...(options.owned && { TIDEMARK_OWNED: '1' }),
      },
    })
  }
  // Our own roles need neither: they are Node, which raises the limit and resets signals anyway.
  const spawnOne = () =>
    options.owned
      ? start()
      : withCallersLimit((limit) => withCallersSignals((signals) => start([...limit, ...signals])))
  let child: ChildProcess
  try {
    child = spawnOne()
  } catch (error) {
    if (log !== null) closeSync(log)
    throw cannotStart(options, error)
  }
  // Read this before the event loop turns: until then even a process that has ended remains as a
  // zombie.
  const stat = child.pid === undefined ? undefined : readProcessStat(child.pid)
  if (log !== null) closeSync(log)
  const exited = exitOf(child, oomKillsBefore)
  await spawned(child, options)

  const pid = child.pid!
  guard.watch(pid)
  // A role that died has closed its stdin; its exit reports that.
  child.stdin?.on('error', () => {})
  const state: { exit: ExitStatus | null } = { exit: null }
  void exited.then((exit) => {
    state.exit = exit
    if (groupMembers(pid).length === 0) guard.release(pid)
  })
  return {
    label: options.label,
    pid,
    startTicks: stat?.kind === 'read' ? stat.startTicks : 0,
    startedMs,
    command: options.command,
    logFile,
    stdout: child.stdout,
    stderr: child.stderr,
    exited,
    get exit() {
      return state.exit
    },
    signal: (signal) => signalIfThere(-pid, signal),
    end: async (graceMs) => {
      const how = await endGroup({
        label: options.label,
        groupId: pid,
        hasLeaderExited: () => state.exit !== null,
        graceMs,
      })
      guard.release(pid)
      return { how, exit: await exited }
    },
  }
}

function openLog(file: string): number {
  try {
    return openSync(file, 'a')
  } catch (error) {
    throw new UsageError(`cannot write the log ${file}: ${messageOf(error)}`, { cause: error })
  }
}

function stdioOf({ output, owned }: LaunchOptions, log: number | null): StdioOptions {
  if (log !== null) return [owned ? 'pipe' : 'ignore', log, log]
  return output === 'pipe' ? ['inherit', 'pipe', 'pipe'] : 'inherit'
}

async function exitOf(child: ChildProcess, oomKillsBefore: number | null): Promise<ExitStatus> {
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.on('exit', (...status) => resolve(status))
  })
  return {
    code,
    signal,
    outOfMemory: signal === 'SIGKILL' && wasOomKilled(child.pid!, oomKillsBefore),
    timeMs: nowMs(),
  }
}

function isThere(program: string): boolean {
  const folders = program.includes('/') ? [''] : (process.env.PATH ?? '').split(delimiter).filter(Boolean)
  return folders.some((folder) => existsSync(join(folder, program)))
}

async function spawned(child: ChildProcess, { label, command, cwd }: LaunchOptions): Promise<void> {
  const failure = await new Promise<Error | undefined>((resolve) => {
    child.once('spawn', () => resolve(undefined))
    child.once('error', resolve)
  })
  if (failure === undefined) return
  const program = command[0]!
  const code = systemErrorCode(failure)
  if (code === 'ENOENT' && cwd !== undefined && !existsSync(cwd))
    throw new UsageError(`cannot start ${label} in ${cwd}: there is no such folder`, { cause: failure })
  // A folder in PATH that we may not search turns the error for a program that does not exist into
  // EACCES.
  if (code === 'ENOENT' || (code === 'EACCES' && !isThere(program))) throw noSuchProgram(label, program, failure)
  if (code === 'EACCES')
    throw new UsageError(`cannot start ${label}: "${program}" is not executable`, {
      fix: `chmod +x ${program}, or name its interpreter first.`,
      cause: failure,
    })
  throw new TidemarkError(`cannot start ${label} (${command.join(' ')}): ${failure.message}`, { cause: failure })
}

/** Explains what no kernel starts: a NUL byte in a word or a variable, or too many bytes. */
function cannotStart({ label }: LaunchOptions, error: unknown): unknown {
  const code = systemErrorCode(error)
  if (code === undefined) return error
  return new UsageError(`cannot start ${label}: ${messageOf(error)}`, {
    ...(code === 'E2BIG' && { fix: 'Pass long texts in files: a word of a command has at most 128 KiB.' }),
    cause: error,
  })
}

/**
 * Checks that a command can be found, before anything is replaced or removed for it.
 *
 * @throws UsageError when there is no such program
 */
export function assertProgram(label: string, [program = '']: readonly string[]): void {
  // An empty part of PATH is the current folder, and without PATH the system has one of its own.
  const isLookedFor = program.includes('/') || process.env.PATH?.split(delimiter).every(Boolean) === true
  if (program === '' || (isLookedFor && !isThere(program))) throw noSuchProgram(label, program)
}

function noSuchProgram(label: string, program: string, cause?: unknown): UsageError {
  return new UsageError(`cannot start ${label}: there is no program "${program}"`, {
    fix: program.includes('/') ? 'Check the path.' : 'Check its name; it was looked for in PATH.',
    cause,
  })
}
