import type { Amount } from '../../results/tolerance.js'
import { studentTCdf, studentTQuantile, studentTTwoSided } from '../../statistics/distributions/student-t.js'
import { mean } from '../../statistics/mean.js'
import { TRIALS_TO_DECIDE } from '../difference/compare-settings.js'
import { adjustForLooks, shareOfEarlyStop, shareOfLook } from '../looks.js'
import { type BisectRound, type Evidence, evidenceOf, fitsNeither, posteriorOf } from './evidence.js'

/** The effect of one commit, in the unit of the measured number. */
export interface Effect {
  change: number
  /** 95 % interval. */
  interval: { low: number; high: number }
  /** Two-sided p-value of no change at all. */
  pValue: number
}

export type BisectStep =
  /** Run a round of trials: both ends, and a commit between them where one is in question. */
  | { kind: 'measure'; low: number; high: number; between: number | null }
  /** The first bad commit, with its effect, and the difference of good and bad. */
  | { kind: 'found'; commit: number; probability: number; effect: Effect; total: Effect }
  /** One of these commits is the first bad one, and those between cannot be measured. */
  | { kind: 'one of'; commits: number[]; effect: Effect; total: Effect }
  /** Good and bad do not differ by an amount that matters. */
  | { kind: 'no change'; total: Effect }
  /** The bad commit is lower. */
  | { kind: 'not worse'; total: Effect }
  /**
   * The number has risen from `low` to `high` in steps that are too small to be found one by one.
   */
  | { kind: 'no single one'; low: number; high: number; total: Effect }

export interface BisectOptions {
  /** Minimum difference of good and bad that matters. */
  minChange: Amount
  /** Maximum trials of one commit at one stage. */
  trials: number
  /** Level that a share of `minChange` refers to; default: the mean of the good commit. */
  level?: number | undefined
}

/**
 * Required certainty about one commit before the next is measured. It is high because a wrong
 * answer costs more builds than trials cost.
 */
const SURE = 0.98
const FEWEST_ROUNDS = 2
/** Required certainty of the result. */
const FOUND = 0.95
/** Error rate of the claim that good and bad differ. */
const ALARM_LEVEL = 0.01
const MISS_LEVEL = 0.05

/**
 * Returns the next step in the search for the commit that made a number worse, from all
 * measurements so far. The ends are compared first. Then the commit at the median of what is still
 * possible is measured in turn with both ends, until it clearly belongs to one of them or lies
 * between. In the latter case the half with the larger step is searched alone. The commit that is
 * left is measured against its parent until its own effect is beyond doubt.
 *
 * @param last the number of the bad commit; the good one is 0
 * @param rounds all rounds, in their order
 * @param skipped commits that cannot be built or measured
 */
export function nextBisectStep(
  last: number,
  rounds: readonly BisectRound[],
  skipped: ReadonlySet<number>,
  options: BisectOptions,
): BisectStep {
  const whole = rounds.filter(({ low, high }) => low === 0 && high === last)
  const total = effectOf(evidenceOf(whole))
  const { low, high } = rounds.at(-1) ?? { low: 0, high: last }
  const evidence = evidenceOf(rounds.filter((round) => round.low === low && round.high === high))
  const isWhole = low === 0 && high === last
  const ends = judgeEnds(evidence, options)
  if (ends === 'unclear') return { kind: 'measure', low, high, between: null }
  if (ends === 'same') return isWhole ? { kind: 'no change', total } : { kind: 'no single one', low, high, total }
  if (ends === 'lower') return isWhole ? { kind: 'not worse', total } : { kind: 'no single one', low, high, total }
  return search({ low, high, evidence, skipped, total }, options)
}

interface Range {
  low: number
  high: number
  evidence: Evidence
  skipped: ReadonlySet<number>
  total: Effect
}

function judgeEnds(
  evidence: Evidence,
  { minChange, trials, level }: BisectOptions,
): 'unclear' | 'higher' | 'lower' | 'same' {
  const { rounds, difference, variance, degreesOfFreedom } = evidence
  const count = rounds.length
  if (count < TRIALS_TO_DECIDE) return 'unclear'
  const whole = level ?? mean(rounds.map(({ values }) => values.low))
  const least = 'bytes' in minChange ? minChange.bytes : minChange.share * Math.abs(whole)
  const error = Math.sqrt((2 * variance) / count)
  const looks = { first: TRIALS_TO_DECIDE, last: Math.max(trials, TRIALS_TO_DECIDE) }
  const chance = error === 0 ? Number(difference === 0) : studentTTwoSided(difference / error, degreesOfFreedom)
  const notHigher = difference <= -least && chance < MISS_LEVEL ? 'lower' : 'same'
  const isFound = adjustForLooks(chance, shareOfLook(Math.min(count, looks.last), looks)) < ALARM_LEVEL
  if (isFound && Math.abs(difference) >= least) return difference > 0 ? 'higher' : 'lower'
  if (count >= looks.last) return notHigher
  const asLarge = error === 0 ? 0 : studentTCdf((difference - least) / error, degreesOfFreedom)
  return adjustForLooks(asLarge, shareOfEarlyStop(count, looks)) < MISS_LEVEL ? notHigher : 'unclear'
}

function search(range: Range, options: BisectOptions): BisectStep {
  const { low, high, evidence, skipped, total } = range
  const posterior = posteriorOf(evidence, low, high)
  const open = evidence.rounds.at(-1)?.between
  if (open !== null && open !== undefined && open < high) {
    const offsets = evidence.offsets.get(open)!
    if (offsets.length >= FEWEST_ROUNDS && fitsNeither(evidence, offsets)) return narrow(range, open)
    const above = posterior.slice(0, open - low).reduce((sum, one) => sum + one, 0)
    const isSure = Math.max(above, 1 - above) >= SURE && offsets.length >= FEWEST_ROUNDS
    if (!isSure && offsets.length < options.trials) return { kind: 'measure', low, high, between: open }
  }
  const best = posterior.indexOf(Math.max(...posterior))
  if (posterior[best]! >= FOUND) return confirm(range, low + 1 + best, posterior[best]!, options)
  const next = median(posterior, low, high, skipped)
  if (next !== undefined && (evidence.offsets.get(next)?.length ?? 0) < 2 * options.trials)
    return { kind: 'measure', low, high, between: next }
  if (next === undefined) {
    const commits = likely(posterior, low)
    if (commits.length === 1) return confirm(range, commits[0]!, Math.max(...posterior), options)
    return {
      kind: 'one of',
      commits,
      effect: effectBetween(evidence, low, high, commits[0]! - 1, commits.at(-1)!),
      total,
    }
  }
  return { kind: 'no single one', low, high, total }
}

/** Returns the commits that the step may be at, once nothing between them can be measured. */
function likely(posterior: readonly number[], low: number): number[] {
  const highest = Math.max(...posterior)
  return posterior.flatMap((one, place) => (one > highest / 20 ? [low + 1 + place] : []))
}

/** Continues the search in the half with the larger step. */
function narrow({ low, high, evidence }: Range, between: number): BisectStep {
  const offset = mean(evidence.offsets.get(between)!)
  return offset > 0
    ? { kind: 'measure', low, high: between, between: null }
    : { kind: 'measure', low: between, high, between: null }
}

/** Returns the measurable commit that splits the remaining probability most evenly. */
function median(
  posterior: readonly number[],
  low: number,
  high: number,
  skipped: ReadonlySet<number>,
): number | undefined {
  let sum = 0
  let best: { commit: number; distance: number } | undefined
  for (let commit = low + 1; commit < high; commit++) {
    sum += posterior[commit - low - 1]!
    const distance = Math.abs(sum - 0.5)
    // Skip commits where the side of the step is all but certain: measuring them adds nothing.
    if (skipped.has(commit) || distance > 0.5 - (1 - FOUND) / 4) continue
    if (best === undefined || distance < best.distance) best = { commit, distance }
  }
  return best?.commit
}

/** Measures the commit and its parent until the step between them is beyond doubt. */
function confirm(range: Range, commit: number, probability: number, options: BisectOptions): BisectStep {
  const { low, high, evidence, total } = range
  const effect = effectBetween(evidence, low, high, commit - 1, commit)
  if (isRise(effect, evidence.offsets.size)) return { kind: 'found', commit, probability, effect, total }
  const measured = [commit - 1, commit]
    .filter((one) => one > low && one < high && !range.skipped.has(one))
    .map((one) => ({ one, rounds: evidence.offsets.get(one)?.length ?? 0 }))
    .sort((a, b) => a.rounds - b.rounds)[0]
  if (measured !== undefined && measured.rounds < 2 * options.trials)
    return { kind: 'measure', low, high, between: measured.one }
  return largestStep(range) ?? { kind: 'no single one', low, high, total }
}

/** Tells whether a rise is beyond doubt, adjusted for being the largest of several (Bonferroni). */
function isRise({ change, pValue }: Effect, looked: number): boolean {
  return change > 0 && pValue * Math.max(1, looked) < ALARM_LEVEL
}

/**
 * Falls back, where the expected step does not exist, to the largest step between measured
 * neighbours, and continues the search there.
 */
function largestStep({ low, high, evidence, total }: Range): BisectStep | undefined {
  const measured = [low, ...[...evidence.offsets.keys()].filter((one) => one < high).sort((a, b) => a - b), high]
  const steps = measured.slice(1).map((to, place) => {
    const from = measured[place]!
    return { from, to, effect: effectBetween(evidence, low, high, from, to) }
  })
  const [largest] = steps.sort((a, b) => b.effect.change - a.effect.change)
  if (largest === undefined || !isRise(largest.effect, steps.length)) return undefined
  const { from, to, effect } = largest
  if (to - from === 1) return { kind: 'found', commit: to, probability: FOUND, effect, total }
  return from === low && to === high ? undefined : { kind: 'measure', low: from, high: to, between: null }
}

/** Returns the difference of the ends. */
function effectOf({ rounds, difference, variance, degreesOfFreedom }: Evidence): Effect {
  return effect(difference, rounds.length === 0 ? 0 : (2 * variance) / rounds.length, degreesOfFreedom)
}

/** Returns the change from one measured commit to another. */
function effectBetween(evidence: Evidence, low: number, high: number, from: number, to: number): Effect {
  const { difference, variance, degreesOfFreedom, offsets, rounds } = evidence
  const level = (commit: number) => {
    const isEnd = commit <= low || commit >= high
    const own = offsets.get(commit) ?? []
    if (isEnd || own.length === 0) {
      const isHigh = isEnd ? commit >= high : commit === to
      return { offset: isHigh ? difference / 2 : -difference / 2, variance: (0.5 * variance) / rounds.length }
    }
    return { offset: mean(own), variance: (1.5 * variance) / own.length }
  }
  const [before, after] = [level(from), level(to)]
  const isBothEnds = from <= low && to >= high
  const spread = isBothEnds ? (2 * variance) / rounds.length : before.variance + after.variance
  return effect(after.offset - before.offset, spread, degreesOfFreedom)
}

function effect(change: number, variance: number, degreesOfFreedom: number): Effect {
  const reach =
    degreesOfFreedom < 1 ? Number.POSITIVE_INFINITY : studentTQuantile(0.975, degreesOfFreedom) * Math.sqrt(variance)
  const error = Math.sqrt(variance)
  const pValue =
    error === 0 ? Number(change === 0) : degreesOfFreedom < 1 ? 1 : studentTTwoSided(change / error, degreesOfFreedom)
  return { change, interval: { low: change - reach, high: change + reach }, pValue }
}

/**
 * A commit that was measured, compared with the low end of the range in which it was measured last.
 */
export interface TriedCommit {
  commit: number
  low: number
  trials: number
  /** Undefined for the low end of the whole range. */
  effect: Effect | undefined
}

/** Returns every commit that was measured with its effect, in the order of history. */
export function levelsOf(rounds: readonly BisectRound[]): TriedCommit[] {
  const tried = new Map<number, TriedCommit>()
  const ranges = [...new Set(rounds.map(({ low, high }) => `${low} ${high}`))]
  for (const range of ranges) {
    const [low, high] = range.split(' ').map(Number) as [number, number]
    const evidence = evidenceOf(rounds.filter((round) => round.low === low && round.high === high))
    const own = [...evidence.offsets].map(([commit, offsets]) => ({ commit, trials: offsets.length }))
    const ends = [low, high].map((commit) => ({ commit, trials: evidence.rounds.length }))
    for (const { commit, trials } of [...ends, ...own]) {
      const effect = commit === low ? undefined : effectBetween(evidence, low, high, low, commit)
      const before = tried.get(commit)
      const all = trials + (before?.trials ?? 0)
      if (effect !== undefined || before === undefined) tried.set(commit, { commit, low, trials: all, effect })
      else tried.set(commit, { ...before, trials: all })
    }
  }
  return [...tried.values()].sort((a, b) => a.commit - b.commit)
}
