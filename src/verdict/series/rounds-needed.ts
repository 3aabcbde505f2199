import { AutoregressiveRegression } from '../../statistics/regression/autoregressive-regression.js'
import { FEWEST_ROUNDS, type Findings } from '../shape/findings.js'

/** Where nothing is known of the noise yet. */
const ROUNDS_TO_START_WITH = 2 * FEWEST_ROUNDS
const CYCLES_TO_START_WITH = 4
/** More rounds than anyone would wait for: then the tolerance, the number of trials or the noise has to change. */
const MOST_ROUNDS = 2000

/**
 * How many rounds each trial needs in all, at the noise seen, until the slope's interval either lies within the tolerance or on one
 * side of zero, whichever comes first if the slope is what it seems to be now.
 */
export function roundsNeeded({ trials, trend, fit, toleranceBytes }: Findings, gcRounds = 0): number | null {
  if (fit === undefined) return Math.max(ROUNDS_TO_START_WITH, CYCLES_TO_START_WITH * gcRounds)
  const lasted = Math.max(...trials.map(({ rounds }) => rounds.length))
  const tau = fit.mean.tauRounds ?? 0
  // Three time constants of a warm-up, and as much again to see its level.
  const warmUp = Math.ceil(3 * tau)
  if (trend === undefined) return Math.max(lasted + 1, ROUNDS_TO_START_WITH, 2 * warmUp)
  const target = Math.max(toleranceBytes - Math.abs(trend.slope), Math.abs(trend.slope) / SURE)
  const enough = (rounds: number) =>
    NORMAL * trend.innovationBytes * Math.sqrt(slopeVariance(rounds, trend.correlation) / trials.length) < target
  let rounds = FEWEST_ROUNDS
  while (!enough(rounds)) {
    rounds = Math.ceil(rounds * 1.1)
    if (rounds > MOST_ROUNDS) return null
  }
  return Math.max(Math.ceil(lasted * MORE), rounds + warmUp)
}

/** Where what is there should have been enough and was not, a quarter more: one round more changes little. */
const MORE = 1.25
/** Half the width of a 95 % interval in standard errors, for many rounds. */
const NORMAL = 1.96
/** Growth is believed at 0.5 % and not at 2.5 %. */
const SURE = 1.3

/** Variance of the slope over that of the innovations, for so many rounds with this lag-1 correlation. */
function slopeVariance(rounds: number, correlation: number): number {
  const t = Array.from({ length: rounds }, (_, i) => i - (rounds - 1) / 2)
  const level = t.map(() => 1)
  return new AutoregressiveRegression([level, t], t).fit(correlation)!.variances[1]!
}
