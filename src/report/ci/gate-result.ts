import type { PlannedRef } from '../../results/comparison.js'
import { type GateCheck, isIncomparable } from '../../verdict/gate/gate.js'

/**
 * One comparison checked against its baseline or a ref. Every output of `tidemark check` is made
 * from this.
 */
export interface GateResult {
  name: string
  /** Role whose memory was judged. */
  judge: string
  /** File of the suite; undefined for a command line or a folder. */
  source: string | undefined
  /** Folder that holds the measurements. */
  folder: string
  /**
   * Stored baseline; null where the comparison was checked against a ref measured in alternation
   * with it.
   */
  baseline: { path: string; measuredMs: number; hostname: string } | null
  /** Refs that were compared; null where the comparison was checked against a stored baseline. */
  against: { before: PlannedRef; after: PlannedRef } | null
  checks: GateCheck[]
  /** Trials that failed, each with its reason. */
  failedTrials: { setting: string; trial: number; reason: string }[]
  /** Notes on the comparison as a whole that a reader must know. */
  notes: string[]
}

export type GateVerdict = 'passed' | 'regressed' | 'inconclusive' | 'trials failed'

export function verdictOf({ checks, failedTrials }: GateResult): GateVerdict {
  if (failedTrials.length > 0) return 'trials failed'
  if (checks.some(({ state }) => state === 'regressed')) return 'regressed'
  return checks.some((check) => check.state === 'too few trials' || isIncomparable(check)) ? 'inconclusive' : 'passed'
}
