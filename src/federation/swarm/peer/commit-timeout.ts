import { formatDuration } from '../../../shared/units.js'
import { MAX_TIMER_MS } from '../../async/condition.js'
import type { Turn } from '../consensus/events.js'
import type { SwarmState } from '../consensus/state.js'
import type { SwarmSettings } from '../swarm-job.js'

/** Limits how long a peer waits for the commit of a turn before it gives up the aggregator. */
export class CommitTimeout {
  readonly #patienceMs: number
  readonly #suspect: (turn: Turn, why: string) => void
  #turn = ''
  #timer: NodeJS.Timeout | undefined

  constructor(
    { roundDeadlineMs, idleMs }: Pick<SwarmSettings, 'roundDeadlineMs' | 'idleMs'>,
    suspect: (turn: Turn, why: string) => void,
  ) {
    // The aggregator settles at the round's deadline; its transfers may then be silent for one idle
    // period.
    this.#patienceMs = Math.min(roundDeadlineMs + idleMs, MAX_TIMER_MS)
    this.#suspect = suspect
  }

  /** Starts again with every turn. */
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
