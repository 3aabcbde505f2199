import { MIB } from '../../shared/units.js'
import { GrowthEvidence } from '../../statistics/anytime/growth-evidence.js'

/** Chance that the first part is wrongly called `grows` or `level`, however often one looks. */
const ALPHA = 0.01
/**
 * Rounds of a part before the next one begins, or this share of all rounds so far where that is
 * more.
 */
const PART_ROUNDS = 30
const PART_SHARE = 1 / 4
/**
 * Number of newest parts that are kept in addition to the first one since a verdict; those between
 * are dropped.
 */
const NEWEST_PARTS = 2

/** The rounds from one on, with their evidence. */
export interface EvidencePart {
  readonly evidence: GrowthEvidence
  readonly fromRound: number
  readonly fromBytes: number
  /** Threshold for the logarithm of its evidence. */
  readonly enough: number
}

/**
 * Parts of a series that are judged side by side. The first one holds all rounds since a verdict;
 * later ones begin on the way, so that a change of course shows in a part that begins near it. No
 * part looks ahead for its start, so its evidence is valid. The chance that any of the later ones
 * errs is that of the first, divided as 1/(k (k + 1)).
 */
export class EvidenceParts {
  #parts: EvidencePart[] = []
  #begun = 0
  #rounds = 0

  /** The parts that are judged, the longest first. */
  get all(): readonly EvidencePart[] {
    return this.#parts
  }

  add({ round, bytes }: { round: number; bytes: number }): void {
    this.#rounds++
    const newest = this.#parts.at(-1)
    const isDue =
      newest === undefined || newest.evidence.rows >= Math.max(PART_ROUNDS, Math.floor(this.#rounds * PART_SHARE))
    if (isDue) this.#begin(round, bytes)
    for (const { evidence } of this.#parts) evidence.add(bytes / MIB)
  }

  /** Drops all parts after a verdict or a change of processes: the next round begins a part. */
  restart(): void {
    this.#parts = []
  }

  #begin(fromRound: number, fromBytes: number): void {
    const share = this.#begun === 0 ? 1 : this.#begun * (this.#begun + 1)
    this.#begun++
    this.#parts.push({ evidence: new GrowthEvidence(), fromRound, fromBytes, enough: Math.log(share / ALPHA) })
    if (this.#parts.length > 1 + NEWEST_PARTS) this.#parts.splice(1, 1)
  }
}
