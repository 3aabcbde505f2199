import { join } from 'node:path'
import { UsageError } from '../errors.js'
import { type Guard, startGuard } from '../launch/guard.js'
import { type LaunchedProcess, launch } from '../launch/launch.js'
import { waitForMark } from '../launch/wait-for-mark.js'
import { MARKS_VARIABLE, type Mark } from '../marks.js'
import type { RecorderHandle } from '../recording/recorder.js'
import type { Stage, StageProcess } from './workloads/workload.js'

/** A process of a trial. */
export interface StagedProcess {
  role: string
  name: string
  process: LaunchedProcess
}

/** How long a process may take to say that it is ready; loading the data and the model takes far less. */
const READY_WITHIN_MS = 60_000

/** How long a process that is asked to end has for its farewells. */
const GRACE_MS = 3000

/** The processes of one trial: each is launched in a group of its own, guarded, recorded, and ended with the stage. */
export class TrialStage implements Stage {
  readonly processes: StagedProcess[] = []
  readonly #recorder: RecorderHandle
  readonly #guard: Guard
  readonly #signal: AbortSignal

  static async open(recorder: RecorderHandle, signal: AbortSignal): Promise<TrialStage> {
    return new TrialStage(recorder, await startGuard(), signal)
  }

  private constructor(recorder: RecorderHandle, guard: Guard, signal: AbortSignal) {
    this.#recorder = recorder
    this.#guard = guard
    this.#signal = signal
  }

  async start({ role, name, command, environment, owned = false }: StageProcess): Promise<void> {
    this.#signal.throwIfAborted()
    const process = await launch(this.#guard, {
      whom: role === name ? role : `${role} "${name}"`,
      command,
      environment: { ...withoutOurOptions(), ...environment, [MARKS_VARIABLE]: this.#recorder.marksFile },
      output: { file: join(this.#recorder.folder, `${name}.log`) },
      owned,
    })
    this.#recorder.add({ pid: process.pid, role, name, command })
    void process.exited.then((exit) => this.#recorder.exited(process.pid, exit))
    this.processes.push({ role, name, process })
  }

  async waitForMark<Kind extends Mark['mark']>(name: string, kind: Kind): Promise<Extract<Mark, { mark: Kind }>> {
    const staged = this.processes.find((one) => one.name === name)
    if (staged === undefined) throw new UsageError(`waited for "${name}", which this trial did not start`)
    const { pid } = staged.process
    const isWanted = (mark: Mark): mark is Extract<Mark, { mark: Kind }> => mark.mark === kind && mark.pid === pid
    return waitForMark(this.#recorder.marksFile, isWanted, {
      deadlineMs: READY_WITHIN_MS,
      what: `the mark "${kind}" of ${staged.process.whom}`,
      process: staged.process,
      signal: this.#signal,
    })
  }

  /** Ends what still runs, and what left its group. */
  async end(): Promise<void> {
    await Promise.all(this.processes.map(({ process }) => process.end(GRACE_MS)))
    await this.#guard.close(GRACE_MS)
  }
}

/** What stands in the user's shell for our own options must not change a trial; the setting alone decides. */
function withoutOurOptions(): Record<string, undefined> {
  const ours = Object.keys(process.env).filter((name) => name.startsWith('TIDEMARK_') && name !== 'TIDEMARK_DEBUG')
  return Object.fromEntries(ours.map((name) => [name, undefined]))
}
