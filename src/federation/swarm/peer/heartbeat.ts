import { messageOf, TargetError } from '../../../shared/errors.js'
import { formatDuration } from '../../../shared/units.js'
import { type Condition, MAX_TIMER_MS } from '../../async/condition.js'
import { compareText } from '../../rounds/sample.js'
import { type CoordinatorConnection, isReplaced } from '../coordinator/coordinator-connection.js'
import type { HeartbeatAnswer } from '../coordinator/routes.js'
import type { RosterEntry } from '../roster.js'
import type { SwarmSettings } from '../swarm-job.js'
import type { PeerRuntime } from './runtime.js'

export interface HeartbeatOptions {
  link: CoordinatorConnection
  settings: SwarmSettings
  /** Whether this process returns to a job of its name without memory of it. */
  isReturning: boolean
  changes: Condition
  signal: AbortSignal
  fail: (error: Error) => void
  log: (line: string) => void
}

/** Several heartbeats fit into the silence after which a peer counts as lost. */
const BEATS_IN_SILENCE = 5
const LONGEST_INTERVAL_MS = 1000
/** How long a finished peer waits for a coordinator that does not answer. */
const SHUTDOWN_GRACE_MS = 10_000

/**
 * Reports regularly to the coordinator that this peer lives and in which round, and learns who else
 * does. While the coordinator is silent, the peer continues with the addresses that it knows.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions
  readonly #done: Promise<void>
  #isStopped = false
  #peers: readonly RosterEntry[] = []
  #standing: HeartbeatAnswer['state'] = 'joining'
  #driver: PeerRuntime | undefined
  /** Ends the pause before the next heartbeat. */
  #wake: () => void = () => {}
  #silentSinceMs: number | undefined
  /** While the coordinator is silent: this peer's round and since when. */
  #alone: { round: number; sinceMs: number } | undefined

  constructor(options: HeartbeatOptions) {
    this.#options = options
    options.signal.addEventListener('abort', () => this.#stop(), { once: true })
    this.#done = this.#run()
  }

  /** Resolves once all peers have joined. */
  async hasBegun(): Promise<void> {
    const { changes, signal } = this.#options
    const hasBegun = () => (this.#standing !== 'joining' && this.#peers.length > 0) || undefined
    await changes.waitFor(hasBegun, { deadlineMs: MAX_TIMER_MS, signal })
  }

  get names(): string[] {
    return this.#peers.map(({ name }) => name).sort(compareText)
  }

  addressOf(name: string): string | undefined {
    return this.#peers.find((peer) => peer.name === name)?.url
  }

  /** Sends the next heartbeat at once, after a change. */
  now(): void {
    this.#wake()
  }

  watch(driver: PeerRuntime): void {
    this.#driver = driver
    driver.hearRoster(this.#peers)
  }

  /** Resolves once all live peers have done the last round, or the coordinator is gone. */
  async jobIsOver(): Promise<void> {
    const { changes, signal } = this.#options
    this.now()
    const isOver = () => this.#standing === 'done' || this.#isForsaken() || undefined
    await changes.waitFor(isOver, { deadlineMs: MAX_TIMER_MS, signal })
  }

  /** Waits until no heartbeat is in flight. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop()
    await this.#done
  }

  #stop(): void {
    this.#isStopped = true
    this.#wake()
  }

  #isForsaken(): boolean {
    return this.#silentSinceMs !== undefined && performance.now() - this.#silentSinceMs > SHUTDOWN_GRACE_MS
  }

  async #run(): Promise<void> {
    const { settings, signal } = this.#options
    const intervalMs = Math.min(settings.reconnectMs / BEATS_IN_SILENCE, LONGEST_INTERVAL_MS)
    while (!this.#isStopped && !signal.aborted) {
      await this.#beat()
      await this.#pause(intervalMs)
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
      if (this.#isStopped) this.#wake()
    })
  }

  async #beat(): Promise<void> {
    const { link, isReturning, changes, signal, fail, log } = this.#options
    try {
      const votes = this.#driver?.isWhole ?? !isReturning
      const { state, message, peers } = await link.beat({ round: this.#driver?.state.round ?? 0, votes })
      this.#silentSinceMs = undefined
      this.#alone = undefined
      this.#peers = peers
      this.#standing = state
      if (state === 'failed') fail(new TargetError(`the coordinator ended the job: ${message}`))
      this.#driver?.hearRoster(peers)
    } catch (error) {
      if (signal.aborted || this.#isStopped) return
      if (isReplaced(error)) fail(error as Error)
      else if (this.#silentSinceMs === undefined) {
        this.#silentSinceMs = performance.now()
        log(`the coordinator does not answer, and the swarm continues without it: ${messageOf(error)}`)
      } else if (this.#standing === 'joining' && this.#isForsaken())
        fail(new TargetError(`the coordinator is gone, and the job has not begun: ${messageOf(error)}`))
      else this.#assertProgress(error)
    }
    changes.notify()
  }

  /**
   * Peers that know each other continue alone. A peer that was paused while the job ended knows of
   * no other and gives up.
   */
  #assertProgress(error: unknown): void {
    const { settings, fail } = this.#options
    const round = this.#driver?.state.round ?? 0
    const nowMs = performance.now()
    if (this.#alone?.round !== round) this.#alone = { round, sinceMs: nowMs }
    if (round > settings.rounds || nowMs - this.#alone.sinceMs <= settings.joinDeadlineMs) return
    const within = formatDuration(settings.joinDeadlineMs)
    fail(
      new TargetError(
        `the coordinator is gone, and round ${round} did not commit within ${within}: ${messageOf(error)}`,
      ),
    )
  }
}
