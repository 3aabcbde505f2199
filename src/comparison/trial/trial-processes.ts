import { join, resolve } from 'node:path'
import { describeExit } from '../../launch/exit-status.js'
import { type FollowedFile, type FollowOptions, followFile } from '../../launch/follow-file.js'
import { followLines } from '../../launch/follow-lines.js'
import type { Guard } from '../../launch/guard.js'
import { type LaunchedProcess, launch } from '../../launch/launch.js'
import { waitForMark, withLog } from '../../launch/wait-for-mark.js'
import type { RecorderHandle } from '../../recording/recorder-handle.js'
import type { RoundPattern } from '../../recording/rounds/log/round-pattern.js'
import { type FollowedStream, followRounds, type RoundFollower } from '../../recording/rounds/round-follower.js'
import { TargetError, UsageError } from '../../shared/errors.js'
import { MARKS_VARIABLE, type Mark } from '../../shared/marks.js'
import { formatDuration } from '../../shared/units.js'
import type { ProcessStarter, ProcessToStart } from '../workloads/workload.js'

/** A process of a trial. */
export interface TrialProcess {
  role: string
  name: string
  process: LaunchedProcess
  /** Whether the trial is over when it has ended, if set by its starter. */
  decides: boolean | undefined
}

interface FollowedLog {
  file: FollowedFile
  stream: FollowedStream
  rounds: RoundFollower
  /** Process whose rounds the log reports, once that runs. */
  process?: LaunchedProcess
}

/** Time for a process to report that it is ready; loading the data and the model takes far less. */
const READY_WITHIN_MS = 60_000

/** Time between SIGTERM and SIGKILL, for a process to shut down. */
const GRACE_MS = 3000

/**
 * The processes of one trial: each is launched in a group of its own, guarded, recorded, and ended
 * with the trial.
 */
export class TrialProcesses implements ProcessStarter {
  readonly processes: TrialProcess[] = []
  readonly #recorder: RecorderHandle
  readonly #guard: Guard
  readonly #signal: AbortSignal
  readonly #logs: FollowedLog[] = []
  /**
   * The follower of this trial's rounds, and the file it reads if that is not the output of the
   * command.
   */
  rounds: { follower: RoundFollower; logFile: string | undefined } | undefined

  constructor(recorder: RecorderHandle, guard: Guard, signal: AbortSignal) {
    this.#recorder = recorder
    this.#guard = guard
    this.#signal = signal
  }

  async start(staged: ProcessToStart): Promise<void> {
    const { role, name, command, environment, cwd, owned = false, decides, rounds, roundLog } = staged
    const { isNamedByCommand = false } = staged
    this.#signal.throwIfAborted()
    const log = join(this.#recorder.folder, `${name}.log`)
    // Follow a log of the program's own before it can write to it: its end now is where this trial
    // begins.
    const isFollowed = rounds !== undefined && roundLog !== undefined
    const follow = isFollowed ? this.#followRounds(rounds, roundLog, { fromEnd: true }) : undefined
    const process = await launch(this.#guard, {
      label: role === name ? role : `${role} "${name}"`,
      command,
      environment: { ...withoutOurOptions(), ...environment, [MARKS_VARIABLE]: this.#recorder.marksFile },
      output: { file: log },
      owned,
      ...(cwd !== undefined && { cwd }),
    })
    this.#recorder.add({ pid: process.pid, role, name, command, isNamedByCommand })
    void process.exited.then((exit) => this.#recorder.exited(process.pid, exit))
    this.processes.push({ role, name, process, decides })
    const followed = follow ?? (rounds === undefined ? undefined : this.#followRounds(rounds, log))
    if (followed === undefined) return
    followed.process = process
    this.rounds = { follower: followed.rounds, logFile: roundLog }
  }

  #followRounds(pattern: RoundPattern, file: string, options?: FollowOptions): FollowedLog {
    const rounds = followRounds(this.#recorder, pattern)
    const stream = rounds.stream(resolve(file))
    const log: FollowedLog = { rounds, stream, file: followFile(file, (chunk) => stream.write(chunk), options) }
    this.#logs.push(log)
    return log
  }

  async waitForMark<Kind extends Mark['mark']>(name: string, kind: Kind): Promise<Extract<Mark, { mark: Kind }>> {
    const staged = this.#staged(name)
    const { pid } = staged.process
    const isWanted = (mark: Mark): mark is Extract<Mark, { mark: Kind }> => mark.mark === kind && mark.pid === pid
    return waitForMark(this.#recorder.marksFile, isWanted, {
      deadlineMs: READY_WITHIN_MS,
      what: `the mark "${kind}" of ${staged.process.label}`,
      process: staged.process,
      signal: this.#signal,
    })
  }

  async waitForLine(name: string, pattern: RegExp): Promise<void> {
    const { process } = this.#staged(name)
    this.#signal.throwIfAborted()
    const done = new AbortController()
    const what = `a line of its output that fits /${pattern.source}/`
    let lines: FollowedFile | undefined
    try {
      await new Promise<void>((found, reject) => {
        lines = followLines(process.logFile!, (line) => {
          if (pattern.test(line)) found()
        })
        this.#signal.addEventListener('abort', () => reject(this.#signal.reason), { signal: done.signal })
        void process.exited.then((exit) => {
          if (done.signal.aborted) return
          lines?.readNow() // it may have written the line and ended
          const ended = `waited for ${what}, but ${process.label} (pid ${process.pid}) ${describeExit(exit)}`
          reject(new TargetError(withLog(ended, process)))
        })
      })
    } finally {
      done.abort()
      lines?.close()
    }
  }

  readInitial(role: string): void {
    this.#recorder.copyMark(JSON.stringify({ mark: 'start', role }))
  }

  #staged(name: string): TrialProcess {
    const staged = this.processes.find((one) => one.name === name)
    if (staged === undefined) throw new UsageError(`waited for "${name}", which this trial did not start`)
    return staged
  }

  /** Reads what is left of the output. If a program exited with 0, that ends its last round. */
  closeLogs(): void {
    for (const { file, stream, rounds, process } of this.#logs.splice(0)) {
      file.readNow()
      file.close()
      stream.end()
      if (process?.exit?.code === 0) rounds.close()
    }
  }

  /**
   * Ends running processes and those that left their group.
   *
   * @returns warnings about processes that had to be killed
   */
  async end(): Promise<string[]> {
    const warnings: string[] = []
    await Promise.all(
      this.processes.map(async ({ process }) => {
        const { how } = await process.end(GRACE_MS)
        if (how === 'forced') warnings.push(ignored(`${process.label} (pid ${process.pid})`))
      }),
    )
    const { forced } = await this.#guard.close(GRACE_MS)
    for (const pid of forced) warnings.push(ignored(`pid ${pid}, which the command started,`))
    return warnings
  }
}

function ignored(label: string): string {
  return `${label} did not end within ${formatDuration(GRACE_MS)} of SIGTERM and was killed.`
}

/**
 * Removes our own options from the environment: variables in the user's shell must not change a
 * trial.
 */
function withoutOurOptions(): Record<string, undefined> {
  const ours = Object.keys(process.env).filter((name) => name.startsWith('TIDEMARK_') && name !== 'TIDEMARK_DEBUG')
  return Object.fromEntries(ours.map((name) => [name, undefined]))
}
