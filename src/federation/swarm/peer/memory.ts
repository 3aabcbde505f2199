import { cleanupMemory, everyNthRound } from '../../../memory/index.js'
import type { CleanupRecord } from '../../../shared/marks.js'
import { type RoundMemory, readMemory } from '../../process/round-memory.js'

export interface PeerRoundMemory extends RoundMemory {
  cleanups: { learn: CleanupRecord | null; merge: CleanupRecord | null }
}

/**
 * Runs a peer's cleanups, twice a round and counted separately: after its own training, once its
 * result is counted or committed, and after the rounds that it aggregated, once the new weights are
 * out. Training needs memory every round; aggregation needs more when the turn comes.
 */
export class PeerMemory {
  readonly #gcRounds: number
  readonly #exactPeaks: boolean
  readonly #dropSpares: () => void
  #learnt = 0
  #merged = 0
  #learn: CleanupRecord | null = null
  /** Whether the training of the current round was counted. */
  #isLearnCounted = false

  /**
   * @param dropSpares releases the memory kept for the next round, which a cleanup should return
   */
  constructor(gcRounds: number, exactPeaks: boolean, dropSpares: () => void) {
    this.#gcRounds = gcRounds
    this.#exactPeaks = exactPeaks
    this.#dropSpares = dropSpares
  }

  /** Call it once a round, when the result is safe and the arrays of training are free. */
  async afterLearning(): Promise<void> {
    if (this.#isLearnCounted) return
    this.#isLearnCounted = true
    this.#learnt++
    if (everyNthRound(this.#gcRounds, this.#learnt)) this.#learn = await this.#cleanUp()
  }

  /** Measures the end of a round, as `measureRoundEnd` does for a role with one cleanup. */
  async endRound({ hasLearnt, hasMerged }: { hasLearnt: boolean; hasMerged: boolean }): Promise<PeerRoundMemory> {
    const { peakBytes, memory: work } = readMemory()
    if (hasLearnt) await this.afterLearning()
    if (hasMerged) this.#merged++
    const merge = hasMerged && everyNthRound(this.#gcRounds, this.#merged) ? await this.#cleanUp() : null
    const learn = this.#learn
    this.#learn = null
    this.#isLearnCounted = false
    const cleanup = together(learn, merge)
    return {
      peakBytes: this.#exactPeaks ? peakBytes : null,
      work,
      end: cleanup === null ? work : readMemory().memory,
      cleanup,
      cleanups: { learn, merge },
    }
  }

  #cleanUp(): Promise<CleanupRecord> {
    this.#dropSpares()
    return cleanupMemory()
  }
}

function together(first: CleanupRecord | null, second: CleanupRecord | null): CleanupRecord | null {
  if (first === null || second === null) return first ?? second
  return {
    gcMs: sum(first.gcMs, second.gcMs),
    purgeMs: sum(first.purgeMs, second.purgeMs),
    totalMs: first.totalMs + second.totalMs,
    rssBeforeBytes: first.rssBeforeBytes,
    rssAfterBytes: second.rssAfterBytes,
  }
}

/** A step that could not run is null, not zero. */
function sum(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b
}
