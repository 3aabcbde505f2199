import { MIB } from '../../shared/units.js'
import { GrowthEvidence } from '../../statistics/anytime/growth-evidence.js'

/** Chance that the first part is called `grows`, or `level`, though it is not, however often one looks. */
const ALPHA = 0.01
/** A later part begins after so many rounds of the one before, or this share of all rounds so far. */
const PART_ROUNDS = 30
const PART_SHARE = 1 / 4
/** The first part since a verdict, and the newest ones: those between are given up. */
const NEWEST_PARTS = 2

/** Rounds from one on, with the evidence that they hold. */
export interface EvidencePart {
  readonly evidence: GrowthEvidence
  readonly fromRound: number
  readonly fromBytes: number
  /** What the logarithm of its evidence has to reach. */
  readonly enough: number
}

/**
 * The parts of a series that are judged side by side. The first one holds all rounds since a verdict; later ones begin on
 * the way, so that a change of course is seen in a part that begins near it. Each begins at a time that does not look ahead,
 * so its evidence is valid; the chance that any of the later ones errs is that of the first, divided as 1/(k (k + 1)).
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

  /** A verdict was reached, or other processes begin: the next round begins a part. */
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
