import { formatDuration } from '../../../shared/units.js'
import { MAX_TIMER_MS } from '../../async/condition.js'
import type { Turn } from '../consensus/events.js'
import type { SwarmState } from '../consensus/state.js'
import type { SwarmSettings } from '../swarm-job.js'

/** How long a peer waits for the commit of a turn that is open, before it gives up on whoever aggregates. */
export class CommitTimeout {
  readonly #patienceMs: number
  readonly #suspect: (turn: Turn, why: string) => void
  #turn = ''
  #timer: NodeJS.Timeout | undefined

  constructor(
    { roundDeadlineMs, idleMs }: Pick<SwarmSettings, 'roundDeadlineMs' | 'idleMs'>,
    suspect: (turn: Turn, why: string) => void,
  ) {
    // The aggregator settles at the round's deadline; then its transfers may be silent for the time that any may.
    this.#patienceMs = Math.min(roundDeadlineMs + idleMs, MAX_TIMER_MS)
    this.#suspect = suspect
  }

  /** Begins anew with every turn. */
  follow({ round, attempt, stage }: SwarmState): void {
    const isOpen = !['between', 'catching-up', 'returning'].includes(stage.name)
    const turn = isOpen ? `${round}.${attempt}` : ''
    if (turn === this.#turn) return
    this.clear()
    this.#turn = turn
    if (!isOpen) return
    const why = `there was no commit within ${formatDuration(this.#patienceMs)}`
    this.#timer = setTimeout(() => this.#suspect({ round, attempt }, why), this.#patienceMs)
    this.#timer.unref()
  }

  clear(): void {
    clearTimeout(this.#timer)
  }
}
