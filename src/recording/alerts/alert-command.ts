import { spawn } from 'node:child_process'
import { endGroup } from '../../launch/end-group.js'
import { type Guard, startGuard } from '../../launch/guard.js'

/** How long a command may run before it is stopped. */
const LONGEST_MS = 300_000
/** Time between SIGTERM and SIGKILL. */
const GRACE_MS = 2000
/** How long commands may still run after the program has ended. */
const LAST_MS = 10_000

export interface AlertFacts {
  /** Variables that are added to the command's environment. */
  environment: Record<string, string>
  /** Facts that are written to the command's standard input as JSON. */
  facts: unknown
}

/**
 * Runs the commands of alerts. Each runs in a shell and a process group of its own, under a
 * separate guard: it does not count as part of the measured program and does not outlive the
 * recorder. Its output goes to our standard error.
 */
export class AlertCommands {
  #guard: Promise<Guard> | undefined
  readonly #running = new Set<Promise<void>>()
  readonly #ends = new AbortController()

  /**
   * Starts a command and does not wait for it.
   *
   * @param onFailure called with the reason: the exit code, or why the command could not be started
   */
  start(command: string, facts: AlertFacts, onFailure: (why: string) => void): void {
    const done = this.#run(command, facts).then((why) => {
      if (why !== null) onFailure(why)
    })
    this.#running.add(done)
    void done.finally(() => this.#running.delete(done))
  }

  /**
   * Waits for the commands that still run, stops those that take too long, and dismisses the guard.
   */
  async close(): Promise<void> {
    const timer = setTimeout(() => this.#ends.abort(), LAST_MS)
    await Promise.all(this.#running)
    clearTimeout(timer)
    ;(await this.#guard)?.dismiss()
  }

  async #run(command: string, { environment, facts }: AlertFacts): Promise<string | null> {
    try {
      this.#guard ??= startGuard()
      const guard = await this.#guard
      const child = spawn('/bin/sh', ['-c', command], {
        detached: true,
        stdio: ['pipe', 2, 2],
        env: { ...process.env, ...environment, ...guard.environment },
      })
      const exited = new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
        child.once('error', reject)
        child.once('exit', (code, signal) => resolve({ code, signal }))
      })
      if (child.pid === undefined) return whyOf(await exited)
      const groupId = child.pid
      guard.watch(groupId)
      child.stdin?.on('error', () => {}) // EPIPE: it does not read its input
      child.stdin?.end(`${JSON.stringify(facts)}\n`)
      const late = this.#endsWhenLate(groupId, () => child.exitCode !== null || child.signalCode !== null)
      const how = await exited
      const wasEnded = await late.settled()
      guard.release(groupId)
      return wasEnded ? `it took longer than ${LONGEST_MS / 1000} s, or than the program, and was ended` : whyOf(how)
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }

  #endsWhenLate(groupId: number, hasLeaderExited: () => boolean): { settled(): Promise<boolean> } {
    let ending: Promise<unknown> | undefined
    const end = () => {
      ending ??= endGroup({ label: 'the command of an alert', groupId, hasLeaderExited, graceMs: GRACE_MS })
    }
    const timer = setTimeout(end, LONGEST_MS)
    this.#ends.signal.addEventListener('abort', end)
    return {
      settled: async () => {
        clearTimeout(timer)
        this.#ends.signal.removeEventListener('abort', end)
        await ending
        return ending !== undefined
      },
    }
  }
}

function whyOf({ code, signal }: { code: number | null; signal: string | null }): string | null {
  if (code === 0) return null
  return signal === null ? `it ended with exit code ${code}` : `it was killed by ${signal}`
}
