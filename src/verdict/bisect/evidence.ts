import { studentTTwoSided } from '../../statistics/distributions/student-t.js'
import { mean } from '../../statistics/mean.js'
import { stepPosterior } from '../../statistics/step-posterior.js'

/**
 * One round of trials in random order: one of each end of the range, and one of a commit between
 * them where one is in question. Commits are counted from the good one, which is 0.
 */
export interface BisectRound {
  low: number
  high: number
  /** The commit between the ends; null where the ends alone are compared. */
  between: number | null
  /** Measured value of each trial. */
  values: { low: number; high: number; between: number | null }
}

/** Combined evidence of the rounds between the same two ends. */
export interface Evidence {
  rounds: readonly BisectRound[]
  /** Mean difference of the ends, the high one minus the low one. */
  difference: number
  /** Variance of one trial, pooled; 0 while there are fewer than two rounds. */
  variance: number
  degreesOfFreedom: number
  /**
   * Offsets by commit: its trials minus the midpoint of the ends in the same round, so that drift
   * of the machine cancels.
   */
  offsets: ReadonlyMap<number, number[]>
}

/**
 * Combines rounds. In a round the difference of the ends has the variance 2 s², and the offset of a
 * commit from their midpoint 3/2 s²; the two are independent of each other.
 */
export function evidenceOf(rounds: readonly BisectRound[]): Evidence {
  const differences = rounds.map(({ values }) => values.high - values.low)
  const offsets = new Map<number, number[]>()
  for (const { between, values } of rounds) {
    if (between === null || values.between === null) continue
    const offset = values.between - (values.high + values.low) / 2
    offsets.set(between, [...(offsets.get(between) ?? []), offset])
  }
  const groups = [
    { values: differences, factor: 2 },
    ...[...offsets.values()].map((values) => ({ values, factor: 1.5 })),
  ]
  const squares = groups.reduce((sum, { values, factor }) => sum + squaresOf(values) / factor, 0)
  const degreesOfFreedom = groups.reduce((sum, { values }) => sum + Math.max(0, values.length - 1), 0)
  return {
    rounds,
    difference: differences.length === 0 ? 0 : mean(differences),
    variance: degreesOfFreedom === 0 ? 0 : squares / degreesOfFreedom,
    degreesOfFreedom,
    offsets,
  }
}

function squaresOf(values: readonly number[]): number {
  if (values.length < 2) return 0
  const centre = mean(values)
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0)
}

/** Returns the probability of each commit from `low + 1` to `high` to be the first bad one. */
export function posteriorOf(evidence: Evidence, low: number, high: number): number[] {
  const ratios = [...evidence.offsets].map(
    ([commit, offsets]) => [commit - low - 1, logRatio(evidence, offsets)] as const,
  )
  return stepPosterior(high - low, new Map(ratios))
}

/**
 * Returns the log of how much more probable the trials of a commit are above the step than below
 * it: the ratio of two t densities. Their tails are heavy enough that one outlying trial cannot
 * decide.
 */
function logRatio(evidence: Evidence, offsets: readonly number[]): number {
  const { difference, variance, degreesOfFreedom } = evidence
  const offset = mean(offsets)
  if (variance === 0) return offset === 0 ? 0 : Math.sign(offset) * Math.sign(difference) * CERTAIN
  const squared = (expected: number) => (offsets.length * (offset - expected) ** 2) / (1.5 * variance)
  const density = (expected: number) =>
    (-(degreesOfFreedom + 1) / 2) * Math.log(1 + squared(expected) / degreesOfFreedom)
  return density(difference / 2) - density(-difference / 2)
}

/** Log ratio used where trials have no scatter and leave no doubt. */
const CERTAIN = 20

/**
 * Tells whether the trials of a commit fit neither end: it then lies between two steps, or on a
 * slope.
 */
export function fitsNeither(evidence: Evidence, offsets: readonly number[]): boolean {
  return chanceOfFit(evidence, offsets, 'low') < MISFIT && chanceOfFit(evidence, offsets, 'high') < MISFIT
}

const MISFIT = 0.005

/** Returns the probability of an offset at least as far from that of an end. */
function chanceOfFit(
  { difference, variance, degreesOfFreedom, rounds }: Evidence,
  offsets: readonly number[],
  end: 'low' | 'high',
): number {
  const distance = mean(offsets) - (end === 'high' ? difference / 2 : -difference / 2)
  // Standard error of the offset together with that of half the difference of the ends.
  const error = Math.sqrt(variance * (1.5 / offsets.length + 0.5 / rounds.length))
  if (error === 0) return distance === 0 ? 1 : 0
  return studentTTwoSided(distance / error, degreesOfFreedom)
}
