import { median } from '../../statistics/median.js'
import type { CurveFit } from '../curves/fit-curve.js'
import { climbsToItsOnlyStep } from '../series/first-rounds.js'
import type { RoundSeries } from '../series/round-series.js'
import { endLevelOf } from './end-level.js'
import type { Findings } from './findings.js'
import { growthOf } from './growth.js'
import type { Trend } from './trend.js'

/**
 * Minimum fall at a restart, as a share of the memory before it: a program that frees memory
 * gradually does not lose so much at once.
 */
const RESTART_SHARE = 0.15
/** Minimum steps of stairs that keep climbing; all of them go up. */
const STAIRS = 5
/**
 * Maximum length of the last level of such stairs, as a multiple of the longest level before it.
 */
const LASTING = 1.5

/**
 * Judges level shifts. Growth between them is growth, within the life of each process where it is
 * restarted. Stairs that only climb and have not ended are growth too. Stairs down fall.
 */
export function judgeStairs(found: Findings & { fit: CurveFit }, trend: Trend | undefined): Findings {
  const { fit, trials } = found
  const growth = growthOf(trend, found)
  const judged = { ...found, trend, growth }
  const settledPlace = climbsToItsOnlyStep(fit)
  if (settledPlace !== undefined && growth !== 'grows')
    return { ...judged, shape: 'settling', because: 'low at first', settledPlace }
  const stairs = trials.map((trial, i) => stairsOf(trial, fit, i))
  const isUpOrRestart = stairs.every(({ downs, restarts }) => downs === restarts)
  if (growth === 'grows' && (isUpOrRestart || climbsOnNet(found, trend!)))
    return { ...judged, shape: 'grows', because: 'between steps' }
  if (stairs.every(({ ups, downs, continues }) => ups >= STAIRS && downs === 0 && continues))
    return { ...judged, shape: 'grows', because: 'steps up' }
  if (stairs.every(({ ups, downs }) => ups === 0 && downs > 1))
    return { ...judged, shape: 'falls', because: 'steps down' }
  return { ...judged, shape: 'staircase', because: 'steps' }
}

/**
 * Minimum net rise from the first rounds to the last, as a share of the total growth between the
 * shifts.
 */
const NET_SHARE = 0.5
/** Rounds whose median is the memory at the start. */
const FIRST_ROUNDS = 5

/** Tells whether the growth between the shifts remains after those that go down. */
function climbsOnNet({ trials }: Findings, { slope, spanRounds }: Trend): boolean {
  const first = median(trials.map(({ bytes }) => median(bytes.slice(0, FIRST_ROUNDS))))
  return endLevelOf(trials) - first > NET_SHARE * slope * spanRounds
}

/**
 * Returns the index of the last shift where the stairs have ended: the level since has lasted
 * longer than those before.
 */
export function endOfStairs({ trials }: Findings, fit: CurveFit): number | undefined {
  const continues = trials.some((trial, i) => stairsOf(trial, fit, i).continues)
  return continues ? undefined : Math.max(...fit.mean.stepPlaces!.map((places) => places.at(-1)!))
}

/** Returns the shifts of a trial that are restarts. */
export function restartShifts(trial: RoundSeries, fit: CurveFit, index: number): number[] {
  return stairsOf(trial, fit, index).restartShifts
}

/** Returns the columns of the restarts. */
export function restartColumns(trial: RoundSeries, fit: CurveFit, index: number): number[][] {
  return restartShifts(trial, fit, index).map((shift) => fit.mean.columns[index]![shift + 1]!)
}

function stairsOf({ rounds, bytes }: RoundSeries, { mean, coefficients }: CurveFit, index: number) {
  const places = mean.stepPlaces![index]!
  const shifts = coefficients[index]!.slice(1)
  const isRestart = (shift: number) => {
    const before = median(bytes.slice(Math.max(0, places[shift]! - LOCAL), places[shift]!))
    return shifts[shift]! < -RESTART_SHARE * before
  }
  const restartShifts = shifts.flatMap((_, shift) => (isRestart(shift) ? [shift] : []))
  const lengths = [0, ...places].map((from, i) => (places[i] ?? rounds.length) - from)
  return {
    ups: shifts.filter((bytes) => bytes > 0).length,
    downs: shifts.filter((bytes) => bytes < 0).length,
    restarts: restartShifts.length,
    restartShifts,
    continues: lengths.at(-1)! <= LASTING * Math.max(...lengths.slice(0, -1)),
  }
}

/** Rounds whose median is the memory just before a shift. */
const LOCAL = 3
