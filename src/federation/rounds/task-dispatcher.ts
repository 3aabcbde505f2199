import type { Readable } from 'node:stream'
import type { Condition } from '../async/condition.js'
import type { GlobalState } from '../tensors/global-state.js'
import type { ResultClaim, RoundAttempt, TaskHead, Verdict } from '../transport/messages.js'
import type { ClientRegistry } from './client-registry.js'
import type { ResultCollector } from './result-collector.js'

/** What is given out at the moment: a state to train from, and where the results go. */
export interface Assignment {
  state: GlobalState
  collection: ResultCollector
}

export type Task =
  | { head: Exclude<TaskHead, { task: 'train' }> }
  | { head: Extract<TaskHead, { task: 'train' }>; assignment: Assignment }

/**
 * Gives tasks to clients and takes their results. It holds one assignment at a time, and none
 * between rounds.
 */
export class TaskDispatcher {
  readonly #members: ClientRegistry
  readonly #changes: Condition
  #assignment: Assignment | undefined
  /**
   * Kept after its round, so that a repeated or late result is answered by the same rules. Holds no
   * weights.
   */
  #latest: ResultCollector | undefined
  #end: Extract<TaskHead, { task: 'done' | 'failed' }> | undefined
  /** Each client's last result in a committed round. */
  readonly #confirmed = new Map<string, RoundAttempt>()
  /** Clients that know that the job is over. */
  readonly #informed = new Set<string>()

  constructor(members: ClientRegistry, changes: Condition) {
    this.#members = members
    this.#changes = changes
  }

  get latest(): ResultCollector | undefined {
    return this.#latest
  }

  give(assignment: Assignment): void {
    this.#assignment = assignment
    this.#latest = assignment.collection
    this.#changes.notify()
  }

  /** Releases the assignment's state. */
  clear(): void {
    this.#assignment = undefined
  }

  /** Returns the client's next task; "wait" when there is none within `pollMs`. */
  async nextTask(client: string, pollMs: number, signal: AbortSignal): Promise<Task> {
    const task = await this.#changes.waitFor(() => this.#taskOf(client), { deadlineMs: pollMs, signal })
    return task ?? { head: { task: 'wait' } }
  }

  /**
   * Returns whether a round was given out within `waitMs`. Results can be judged from then on;
   * clients that returned faster than a restarted server bring some before.
   */
  async hasBegun(waitMs: number): Promise<boolean> {
    const begun = () => this.#latest !== undefined || this.#end !== undefined || undefined
    return (await this.#changes.waitFor(begun, { deadlineMs: waitMs })) ?? false
  }

  review(claim: ResultClaim): Verdict | undefined {
    return this.#latest === undefined ? EARLY : this.#latest.review(claim)
  }

  async take(claim: ResultClaim, source: Readable): Promise<Verdict> {
    return this.#latest === undefined ? EARLY : this.#latest.take(claim, source)
  }

  /** Stops waiting for this client in the current round. */
  fail(client: string, reason: string): void {
    this.#latest?.fail(client, reason)
  }

  /** Records a commit with these results. Each client learns of its own with its next task. */
  confirm(accepted: readonly ResultClaim[]): void {
    for (const { client, round, attempt } of accepted) this.#confirmed.set(client, { round, attempt })
  }

  finish(end: Extract<TaskHead, { task: 'done' | 'failed' }>): void {
    this.#end = end
    this.clear()
    this.#changes.notify()
  }

  markInformed(client: string): void {
    this.#informed.add(client)
    this.#changes.notify()
  }

  /** Waits until all of these clients, as they are at each moment, know that the job is over. */
  async everyoneInformed(who: 'present' | 'reachable', deadlineMs: number): Promise<void> {
    await this.#changes.waitFor(() => this.#members[who].every((name) => this.#informed.has(name)) || undefined, {
      deadlineMs,
    })
  }

  #taskOf(client: string): Task | undefined {
    const confirmed = this.#confirmed.get(client)
    if (this.#end !== undefined) return { head: { ...this.#end, confirmed } }
    const assignment = this.#assignment
    if (assignment === undefined || !assignment.collection.awaits(client)) return undefined
    const { round, attempt } = assignment.collection.rules
    return { head: { task: 'train', round, attempt, place: this.#members.place(client), confirmed }, assignment }
  }
}

const EARLY: Verdict = { state: 'rejected', reason: 'no round has begun yet' }
