import { median } from '../../statistics/median.js'
import type { CurveFit } from '../curves/fit-curve.js'
import { climbsToItsOnlyStep } from '../series/first-rounds.js'
import type { RoundSeries } from '../series/round-series.js'
import { endLevelOf } from './end-level.js'
import type { Findings } from './findings.js'
import { growthOf } from './growth.js'
import type { Trend } from './trend.js'

/** A fall by this share of what there was is a restart: nothing that one frees by and by goes at once. */
const RESTART_SHARE = 0.15
/** Stairs go on climbing where there are at least so many, all up, */
const STAIRS = 5
/** and the last level has not lasted longer than this many of the longest before it. */
const LASTING = 1.5

/**
 * Level shifts. Growth between them is growth, each time in the life of one process where it is restarted; so are stairs that only climb and
 * have not come to an end. Stairs down fall.
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
  if (stairs.every(({ ups, downs, goesOn }) => ups >= STAIRS && downs === 0 && goesOn))
    return { ...judged, shape: 'grows', because: 'steps up' }
  if (stairs.every(({ ups, downs }) => ups === 0 && downs > 1))
    return { ...judged, shape: 'falls', because: 'steps down' }
  return { ...judged, shape: 'staircase', because: 'steps' }
}

/** Of what growth between the shifts comes to, memory has risen by so much from its first rounds to its last. */
const NET_SHARE = 0.5
/** Rounds whose median is where memory was at first. */
const FIRST_ROUNDS = 5

/** Whether the shifts, some of them down, leave the growth between them. */
function climbsOnNet({ trials }: Findings, { slope, spanRounds }: Trend): boolean {
  const first = median(trials.map(({ bytes }) => median(bytes.slice(0, FIRST_ROUNDS))))
  return endLevelOf(trials) - first > NET_SHARE * slope * spanRounds
}

/** The place of the last shift, where the level since has lasted longer than those before: then the stairs have come to an end. */
export function endOfStairs({ trials }: Findings, fit: CurveFit): number | undefined {
  const goOn = trials.some((trial, i) => stairsOf(trial, fit, i).goesOn)
  return goOn ? undefined : Math.max(...fit.mean.stepPlaces!.map((places) => places.at(-1)!))
}

/** Which of the shifts of a trial are restarts. */
export function restartShifts(trial: RoundSeries, fit: CurveFit, index: number): number[] {
  return stairsOf(trial, fit, index).restartShifts
}

/** Their columns. */
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
    goesOn: lengths.at(-1)! <= LASTING * Math.max(...lengths.slice(0, -1)),
  }
}

/** Rounds that say where memory was just before a shift. */
const LOCAL = 3
