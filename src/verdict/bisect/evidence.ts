import { studentTTwoSided } from '../../statistics/distributions/student-t.js'
import { mean } from '../../statistics/mean.js'
import { stepPosterior } from '../../statistics/step-posterior.js'

/**
 * One round of trials: both ends of the range once, and a commit between them where one is in question, in random order. Commits
 * are counted from the good one, which is 0.
 */
export interface BisectRound {
  low: number
  high: number
  /** Null where the ends alone are compared. */
  between: number | null
  /** One number a trial. */
  values: { low: number; high: number; between: number | null }
}

/** What the rounds between the same two ends say together. */
export interface Evidence {
  rounds: readonly BisectRound[]
  /** Mean difference of the ends, the high one minus the low one. */
  difference: number
  /** Of one trial, pooled; undefined while there are fewer than two rounds. */
  variance: number
  degreesOfFreedom: number
  /** By commit: its trials minus the middle of the ends of the same round, so that drift of the machine is in none. */
  offsets: ReadonlyMap<number, number[]>
}

/**
 * Takes rounds together. In a round the difference of the ends has the variance 2 s², and the offset of a commit from their middle
 * 3/2 s²; the two are independent of each other.
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

/** The probability of each commit from `low + 1` to `high` to be the one. */
export function posteriorOf(evidence: Evidence, low: number, high: number): number[] {
  const ratios = [...evidence.offsets].map(
    ([commit, offsets]) => [commit - low - 1, logRatio(evidence, offsets)] as const,
  )
  return stepPosterior(high - low, new Map(ratios))
}

/**
 * How much more probable the trials of a commit are above the step than below it, as a logarithm: the ratio of two t densities,
 * whose tails are heavy enough that one strange trial cannot decide.
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

/** Trials without any scatter leave no doubt. */
const CERTAIN = 20

/** Whether the trials of a commit fit neither end: it lies between two steps, or on a slope. */
export function fitsNeither(evidence: Evidence, offsets: readonly number[]): boolean {
  return chanceOfFit(evidence, offsets, 'low') < MISFIT && chanceOfFit(evidence, offsets, 'high') < MISFIT
}

const MISFIT = 0.005

/** The probability of an offset as far from that of an end, or farther. */
function chanceOfFit(
  { difference, variance, degreesOfFreedom, rounds }: Evidence,
  offsets: readonly number[],
  end: 'low' | 'high',
): number {
  const distance = mean(offsets) - (end === 'high' ? difference / 2 : -difference / 2)
  // That of the offset, and that of the half difference of the ends.
  const error = Math.sqrt(variance * (1.5 / offsets.length + 0.5 / rounds.length))
  if (error === 0) return distance === 0 ? 1 : 0
  return studentTTwoSided(distance / error, degreesOfFreedom)
}
