import { join } from 'node:path'
import { describeExit } from '../../launch/exit-status.js'
import { type Guard, startGuard } from '../../launch/guard.js'
import { launch } from '../../launch/launch.js'
import { withLog } from '../../launch/wait-for-mark.js'
import { TargetError } from '../../shared/errors.js'
import type { Step } from '../workloads/workload.js'

/** Time between SIGTERM and SIGKILL for what a step left running. */
const GRACE_MS = 3000

/**
 * Runs commands before and after a trial, outside its recording. What they leave running ends with
 * the trial.
 */
export class TrialSteps {
  readonly #folder: string
  #guard: Guard | null = null

  constructor(folder: string) {
    this.#folder = folder
  }

  /**
   * Runs a step.
   *
   * @throws TargetError with the last lines of the log when it does not exit with 0; rejects with
   *   the signal's reason when that is aborted
   */
  async run(which: 'setup' | 'teardown', { command, environment, cwd }: Step, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    this.#guard ??= await startGuard()
    const process = await launch(this.#guard, {
      label: `the ${which}`,
      command,
      environment,
      output: { file: join(this.#folder, `${which}.log`) },
      ...(cwd !== undefined && { cwd }),
    })
    const stop = () => void process.end(GRACE_MS)
    signal?.addEventListener('abort', stop)
    const exit = await process.exited
    signal?.removeEventListener('abort', stop)
    signal?.throwIfAborted()
    if (exit.code !== 0)
      throw new TargetError(withLog(`the ${which} (${command.join(' ')}) ${describeExit(exit)}`, process))
  }

  async close(): Promise<void> {
    await this.#guard?.close(GRACE_MS)
  }
}
