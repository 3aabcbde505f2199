import type { Comparison } from '../../results/comparison.js'
import { TRIALS_TO_DECIDE } from '../difference/compare-settings.js'
import type { Looks } from '../looks.js'
import { type AllowedChanges, type GateCheck, gate } from './gate.js'
import { type GatedNumbers, gatedNumbers } from './gated-numbers.js'

/** The axis whose values are git refs. */
export const REF_AXIS = 'ref'

/**
 * Compares one ref of a comparison with another that was measured in turn with it. Both ran on the
 * same machine in the same hour. Differences between whole runs, which make a stored baseline
 * alarm, therefore affect both sides alike.
 *
 * Trials may be added until the outcome is clear: p-values and intervals hold over all looks, from
 * four trials a side to `trials`.
 *
 * @param trials the most that a setting may have
 */
export function gateRefs(
  comparison: Comparison,
  { against, now, trials }: { against: string; now: string; trials: number },
  allowed: AllowedChanges,
): GateCheck[] {
  const numbers = gatedNumbers(comparison)
  const looks: Looks = { first: TRIALS_TO_DECIDE, last: Math.max(TRIALS_TO_DECIDE, trials) }
  return gate(ofRef(numbers, against), ofRef(numbers, now), allowed, looks)
}

/** Returns the settings of one ref, under their labels without it. */
function ofRef(numbers: readonly GatedNumbers[], ref: string): GatedNumbers[] {
  return numbers
    .filter(({ values }) => String(values[REF_AXIS]) === ref)
    .map((one) => ({ ...one, label: withoutRef(one.label, ref) }))
}

function withoutRef(label: string, ref: string): string {
  const rest = label.replace(`${REF_AXIS}=${ref}`, '').trim()
  return rest === '' ? 'the job' : rest
}
