import { spawn } from 'node:child_process'
import { endGroup } from '../../launch/end-group.js'
import { type Guard, startGuard } from '../../launch/guard.js'

/** A command that takes longer is ended. */
const LONGEST_MS = 300_000
/** What it has between SIGTERM and SIGKILL. */
const GRACE_MS = 2000
/** When the program has ended, commands that still run have this long. */
const LAST_MS = 10_000

export interface AlertFacts {
  /** Added to its environment. */
  environment: Record<string, string>
  /** Written to its standard input as JSON. */
  facts: unknown
}

/**
 * Commands of alerts: each runs in a shell and a group of its own, under a guard of their own, so that they count as no part
 * of the measured program and do not outlive the recorder. Their output goes to our standard error.
 */
export class AlertCommands {
  #guard: Promise<Guard> | undefined
  readonly #running = new Set<Promise<void>>()
  readonly #ends = new AbortController()

  /**
   * Starts a command and does not wait for it.
   *
   * @param onFailure called with what went wrong: its exit code, or why it could not be started
   */
  start(command: string, facts: AlertFacts, onFailure: (why: string) => void): void {
    const done = this.#run(command, facts).then((why) => {
      if (why !== null) onFailure(why)
    })
    this.#running.add(done)
    void done.finally(() => this.#running.delete(done))
  }

  /** Waits for the commands that still run, ends those that take too long, and dismisses the guard. */
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
      child.stdin?.on('error', () => {}) // EPIPE: it does not read what it is told
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
      ending ??= endGroup({ whom: 'the command of an alert', groupId, hasLeaderExited, graceMs: GRACE_MS })
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
