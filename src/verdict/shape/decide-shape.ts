import { median } from '../../statistics/median.js'
import { type CurveFits, fitCurves } from '../curves/choose-curve.js'
import { chosenCurve } from '../curves/chosen-curve.js'
import type { CurveFit } from '../curves/fit-curve.js'
import { asMostSay, isOpen } from '../difference/each-trial.js'
import { judgedByRow } from '../difference/rows.js'
import { inBlocks, MOST_ROWS } from '../series/blocks.js'
import { FAR_SHARE, hasSpike, lowAtFirst } from '../series/first-rounds.js'
import { longSawtooth, spikesIn } from '../series/long-series.js'
import type { RoundSeries } from '../series/round-series.js'
import { afterWarmUp, bendOf, isWatched, staysWithin, WITHIN_ONE_ROUND } from '../series/warm-up.js'
import type { AnalyzeOptions } from './analysis.js'
import { endLevelOf } from './end-level.js'
import { FEWEST_ROUNDS, type Findings, type Known, roundingOf } from './findings.js'
import { growthOf, isTolerated } from './growth.js'
import { knownOf } from './horizon.js'
import { nowOf, type TrendFrom } from './now.js'
import { cleanupsTrend, floorAfterWarmUp, floorsOf, floorTrend, growingTeeth } from './sawtooth-floor.js'
import { endOfStairs, judgeStairs, restartColumns } from './stairs.js'
import { type Trend, type TrendInput, trendOf } from './trend.js'

/**
 * Decides the shape. First it chooses the curve that explains the rounds best at its price; then it
 * tests whether the slope is established in the part that is left after warm-up, teeth and steps.
 * The movement in the last part is reported too and has a veto: memory that still rises is neither
 * level nor settled, and memory that no longer rises does not grow.
 *
 * @param trials each in the order of its rounds
 */
export function decideShape(
  trials: readonly RoundSeries[],
  asked: AnalyzeOptions,
  mostRows: number = MOST_ROWS,
): Findings {
  const usable = trials.filter(({ rounds }) => rounds.length >= FEWEST_ROUNDS)
  const known = knownOf(usable.length === 0 ? trials : usable, asked)
  if (usable.length === 0) return { ...known, shape: 'inconclusive', because: 'too few rounds' }
  const isLong = usable.some(({ rounds }) => rounds.length > mostRows)
  const together = isLong ? decideLong(known, asked, mostRows) : decideTogether(known, asked)
  if (usable.length === 1 || !(isOpen(together) || together.now?.trend === 'unclear')) return together
  return asMostSay(
    together,
    usable.map((trial) => decideShape([trial], asked, mostRows)),
  )
}

/**
 * Judges thousands of rounds: teeth by the last of them, spikes by each round, and everything else
 * by the medians of blocks.
 */
function decideLong(known: Known, asked: AnalyzeOptions, mostRows: number): Findings {
  const hasCycles = asked.gcRounds !== 0 && asked.gcRounds !== 1
  const sawtooth = hasCycles ? longSawtooth(known, asked) : undefined
  if (sawtooth !== undefined) return sawtooth
  const blocks = known.trials.map((trial) => inBlocks(trial, mostRows))
  const found = decideTogether({ ...known, trials: blocks }, { ...asked, gcRounds: 0 })
  const spikes = found.shape === 'stable' ? spikesIn(known.trials) : []
  return spikes.length === 0 ? found : { ...found, shape: 'spike', because: 'spike', spikes }
}

function decideTogether(known: Known, asked: AnalyzeOptions): Findings {
  // A named cycle counts rounds, so rows are not used.
  const isNamed = asked.gcRounds !== undefined && asked.gcRounds > 1
  return isNamed ? decideRows(known, asked) : judgedByRow(known, (inRows) => decideRows(inRows, asked))
}

function decideRows(known: Known, asked: AnalyzeOptions): Findings {
  const roundingBytes = roundingOf(known.levelBytes)
  const fits = fitCurves(known.trials, asked.gcRounds, roundingBytes)
  if (fits === undefined) return { ...known, shape: 'inconclusive', because: 'too few rounds' }
  const found = shapeOf(known, fits, asked)
  const { trials } = found
  const trendFrom = (place: number) =>
    trendOf(
      found.teeth ? floorsOf(trials, found.fit!, place) : inputsOf(trials, found.fit!, place, 'now'),
      roundingBytes,
    )
  return withNow({ ...found, now: nowOf(trials, known, trendFrom, lastBreakOf(found)) })
}

function shapeOf(known: Known, fits: CurveFits, asked: AnalyzeOptions): Findings {
  const { trials, rowToleranceBytes } = known
  const { fit, because } = chosenCurve(fits, rowToleranceBytes)
  const roundingBytes = roundingOf(known.levelBytes)
  const trendFrom = (place: number) => trendOf(inputsOf(trials, fit, place), roundingBytes)
  if (because === 'cycles') {
    const teeth = growingTeeth(trials, fit, roundingBytes)
    const floorFrom = (place: number) => {
      const cleanups = floorsOf(trials, fit, place)
      const alone = cleanupsTrend(cleanups, roundingBytes)
      return teeth ? alone : floorTrend(trendFrom(place), alone, cleanups)
    }
    return { ...known, shape: 'sawtooth', because, fit, teeth, ...floorAfterWarmUp(known, floorFrom) }
  }
  if (because === 'steps') return judgeStairs({ ...known, shape: 'staircase', because, fit }, trendFrom(0))
  if (because === 'settled') {
    const gain = Math.min(fits.constant.score, fits.line.score) - fit.score
    const found = afterWarmUp({ ...known, shape: 'settling', because, fit }, { gain, trendFrom, bend: bendOf(fits) })
    if (found.shape === 'grows' && fit.mean.tauRounds! < WITHIN_ONE_ROUND) return behindTheFirst(found, asked)
    if (found.shape === 'stable' && hasSpike(fit, known.levelBytes))
      return { ...found, shape: 'spike', because: 'spike' }
    const isLevel = found.growth === 'stable' && fits.constant.score <= fits.line.score
    return found.shape === 'inconclusive' && isLevel ? onOneLevel(known, fits.constant) : found
  }
  if (because === 'ramp') return afterRamp({ ...known, shape: 'settling', because, fit }, trendFrom)
  if (because === 'late onset' || because === 'accelerates')
    return accelerating({ ...known, shape: 'grows', because, fit }, trendFrom)
  const trend = trendFrom(0)
  const growth = growthOf(trend, known)
  const found = { ...known, fit, trend, growth }
  if (growth !== 'grows' && hasSpike(fit, known.levelBytes)) return { ...found, shape: 'spike', because: 'spike' }
  if (growth === 'falls') return { ...found, shape: 'falls', because: 'falls' }
  const settledPlace = lowAtFirst(fit, known)
  if (growth === 'stable' && settledPlace > 0)
    return { ...found, shape: 'settling', because: 'low at first', settledPlace }
  return { ...found, shape: growth, because: 'slope' }
}

/**
 * Judges a level with outliers where it explains the rounds about as well as a warm-up followed by
 * a level: one odd round is no warm-up.
 */
function onOneLevel(known: Known, fit: CurveFit): Findings {
  const trend = trendOf(inputsOf(known.trials, fit, 0), roundingOf(known.levelBytes))
  const growth = growthOf(trend, known)
  const settledPlace = lowAtFirst(fit, known)
  const found = { ...known, fit, trend, growth }
  if (hasSpike(fit, known.levelBytes)) return { ...found, shape: 'spike', because: 'spike' }
  if (growth === 'stable' && settledPlace > 0)
    return { ...found, shape: 'settling', because: 'low at first', settledPlace }
  return { ...found, shape: growth === 'stable' ? 'stable' : 'inconclusive', because: 'slope' }
}

/**
 * Judges the series without its low first round, whose jump hides a slower warm-up behind it, to
 * see whether that ends.
 */
function behindTheFirst(found: Findings, asked: AnalyzeOptions): Findings {
  const others = found.trials.map(({ rounds, bytes }) => ({ rounds: rounds.slice(1), bytes: bytes.slice(1) }))
  const behind = decideRows({ ...found, trials: others }, asked)
  return behind.shape === 'settling' || behind.shape === 'inconclusive' ? behind : found
}

/**
 * Judges a ramp. It has settled where it is followed by a level; where its end was hardly seen it
 * may continue.
 */
function afterRamp(found: Findings & { fit: CurveFit }, trendFrom: TrendFrom): Findings {
  const settledPlace = found.fit.mean.breakPlace!
  const trend = trendFrom(settledPlace)
  const growth = growthOf(trend, found)
  const judged = { ...found, trend, growth, settledPlace }
  const ramps = found.fit.coefficients.map((one, trial) => one[1]! * rampRounds(found.trials[trial]!, settledPlace))
  const riseBytes = Math.abs(median(ramps))
  const isRising = median(ramps) > 0
  if (growth === 'grows')
    return isRising
      ? { ...judged, shape: 'grows', because: 'slope after warm-up' }
      : { ...judged, shape: 'inconclusive', because: 'slope' }
  if (growth === 'falls') return { ...judged, shape: 'falls', because: 'falls back', settledPlace: undefined }
  const isLevel = growth === 'stable' || (trend !== undefined && staysWithin(trend, found, riseBytes))
  if (isLevel && isWatched(Math.max(...found.trials.map((trial) => trial.rounds.length)), settledPlace)) return judged
  return {
    ...judged,
    shape: 'inconclusive',
    because: 'grows or settles',
    possible: isRising ? ['grows', 'settling'] : [],
  }
}

function rampRounds({ rounds }: RoundSeries, place: number): number {
  return rounds[Math.min(place, rounds.length - 1)]! - rounds[0]!
}

/** Judges growth that accelerates or begins late by the slope of its last part. */
function accelerating(found: Findings & { fit: CurveFit }, trendFrom: TrendFrom): Findings {
  const rounds = Math.max(...found.trials.map((trial) => trial.rounds.length))
  const place = found.fit.mean.breakPlace ?? Math.floor(rounds / 2)
  const trend = trendFrom(place)
  const growth = growthOf(trend, found, found.because === 'accelerates')
  const judged = { ...found, trend, growth, settledPlace: place }
  if (growth === 'grows') return judged
  if (growth === 'falls') return { ...judged, shape: 'falls', because: 'falls', settledPlace: undefined }
  const open = { ...judged, because: 'slope' as const, settledPlace: undefined }
  if (growth !== 'stable' || !staysTolerated(found, trend!)) return { ...open, shape: 'inconclusive' }
  const whole = trendFrom(0)
  return growthOf(whole, found) === 'stable'
    ? { ...open, trend: whole, shape: 'stable' }
    : { ...open, shape: 'inconclusive' }
}

/** How much steeper the end may be than the half before it, where growth accelerates. */
const STEEPER = 2

/** Tells whether growth is within the tolerance, at its end too. */
function staysTolerated({ because, ...matter }: Findings, { low, high, spanRounds }: Trend): boolean {
  const factor = because === 'accelerates' ? STEEPER : 1
  return isTolerated({ low: factor * low, high: factor * high, spanRounds }, matter)
}

/**
 * Returns the part from this index on, with the columns to fit in addition to level and slope. For
 * `now`, only restarts count among steps, and only distant rounds among outliers, because recurring
 * dips are part of how memory moves.
 */
function inputsOf(
  trials: readonly RoundSeries[],
  fit: CurveFit,
  from: number,
  what: 'ever' | 'now' = 'ever',
): TrendInput[] {
  return trials.map((series, trial) => {
    const { rounds, bytes } = series
    const columns = fit.mean.columns[trial]!
    const { kind } = fit.mean
    const steps = kind !== 'steps' ? [] : what === 'ever' ? columns.slice(1) : restartColumns(series, fit, trial)
    const others = kind === 'sawtooth' ? columns.slice(-1) : steps
    const isOutlier = (place: number) =>
      place >= from && (what === 'ever' || Math.abs(fit.residuals[trial]![place]!) > FAR_SHARE * bytes[place]!)
    const outliers = fit.setAside[trial]!.filter(isOutlier).map((place) => rounds.map((_, t) => Number(t === place)))
    return {
      rounds: rounds.slice(from),
      bytes: bytes.slice(from),
      others: [...others, ...outliers].map((column) => column.slice(from)).filter((column) => new Set(column).size > 1),
    }
  })
}

/** Returns the index of the last change of course that was found. */
function lastBreakOf(found: Findings): number | undefined {
  const { fit, settledPlace, shape } = found
  if (shape !== 'settling' && shape !== 'grows' && shape !== 'staircase' && shape !== 'falls') return undefined
  return fit!.mean.kind === 'steps' ? endOfStairs(found, fit!) : settledPlace
}

/**
 * Change from the first rounds to the last ones, as a share of the level, beyond which memory was
 * not level, whatever its slope was later.
 */
const MOVED_SHARE = 0.1

function hasMoved({ trials, levelBytes }: Findings): boolean {
  const first = median(
    trials.map(({ bytes }) => median(bytes.slice(0, Math.max(FEWEST_ROUNDS, Math.round(bytes.length / 6))))),
  )
  return Math.abs(endLevelOf(trials) - first) > MOVED_SHARE * levelBytes
}

/** Applies the veto of what memory does now. */
function withNow(found: Findings): Findings {
  const { shape, because, now } = found
  const trend = now!.trend
  if (shape === 'stable' && hasMoved(found)) return { ...found, shape: 'inconclusive', because: 'slope' }
  if ((shape === 'stable' || shape === 'settling') && trend === 'rises')
    return { ...found, shape: 'inconclusive', because: 'rises now', possible: ['grows', 'settling'] }
  if (shape === 'inconclusive' && trend === 'rises' && because !== 'grows or settles')
    return { ...found, because: 'rises now' }
  if (shape === 'grows' && because !== 'between steps' && cameBack(found))
    return { ...found, shape: 'inconclusive', because: 'came back', possible: ['grows', 'sawtooth'] }
  if (because === 'steps up' && trend !== 'rises') return { ...found, shape: 'staircase', because: 'steps' }
  if (shape === 'grows' && because !== 'between steps' && (trend === 'level' || trend === 'falls'))
    return { ...found, shape: 'inconclusive', because: 'slope', possible: [] }
  return found
}

/** How many rounds at the end have to lie below: a single one may be read as the program ends. */
const BACK_ROUNDS = 2
/** How much of what memory rose by they lie below the growth, on average. */
const BACK_SHARE = 0.5

/** Tells whether the last rounds were set aside because memory gave back most of its growth. */
function cameBack({ trials, fit }: Findings): boolean {
  if (fit === undefined) return false
  const back = trials.filter(({ bytes }, trial) => {
    const residuals = fit.residuals[trial]!
    const last = bytes.length - BACK_ROUNDS
    const isSetAside = residuals.every((_, place) => place < last || fit.setAside[trial]!.includes(place))
    const fitted = (place: number) => bytes[place]! - residuals[place]!
    const belowBytes = -residuals.slice(last).reduce((sum, one) => sum + one / BACK_ROUNDS, 0)
    return isSetAside && belowBytes > BACK_SHARE * (fitted(last - 1) - fitted(0))
  })
  return back.length > trials.length / 2
}
