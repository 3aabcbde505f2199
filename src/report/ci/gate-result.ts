import type { PlannedRef } from '../../results/comparison.js'
import type { GateCheck } from '../../verdict/gate/gate.js'

/** One comparison held against its stored baseline: what every output of `tidemark check` is made from. */
export interface GateResult {
  name: string
  /** The role whose memory was judged. */
  judge: string
  /** The suite's file; undefined for a command line or a folder. */
  source: string | undefined
  /** The folder with what was measured. */
  folder: string
  /** Null where it was held against a ref that was measured in turn with it. */
  baseline: { path: string; measuredMs: number; hostname: string } | null
  /** Null where it was held against a stored baseline. */
  against: { before: PlannedRef; after: PlannedRef } | null
  checks: GateCheck[]
  /** Trials that failed, each with its reason. */
  failedTrials: { setting: string; trial: number; reason: string }[]
  /** What a reader must know of the comparison as a whole. */
  notes: string[]
}

export type GateVerdict = 'passed' | 'regressed' | 'inconclusive' | 'trials failed'

export function verdictOf({ checks, failedTrials }: GateResult): GateVerdict {
  if (failedTrials.length > 0) return 'trials failed'
  if (checks.some(({ state }) => state === 'regressed')) return 'regressed'
  return checks.some(({ state }) => state === 'too few trials') ? 'inconclusive' : 'passed'
}
