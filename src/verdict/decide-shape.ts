import { median } from '../statistics/median.js'
import type { PracticalFloor, Shape } from './analysis.js'
import { fitMeans, lowest, type MeanFits, toothOf } from './choose-mean.js'
import type { MeanFit } from './fit-mean.js'
import { type Growth, growthOf } from './growth.js'
import type { RoundSeries } from './round-series.js'
import { floorAfterWarmUp, floorsOf, narrower } from './sawtooth-floor.js'
import { type Trend, type TrendInput, trendOf } from './trend.js'

/** The shape, and everything that it was decided from. */
export interface Findings {
  shape: Shape
  because: Because
  /** See {@link Analysis.possible}. */
  possible?: Shape[]
  /** Trials with enough rounds; places in `fit` and `trend` are theirs. */
  trials: readonly RoundSeries[]
  /** Median end RSS of the second half of the rounds. */
  levelBytes: number
  practicalFloorBytes: number
  /** Undefined with too few rounds. */
  fit?: MeanFit
  /** Of the part after warm-up, apart from steps and saw-teeth. */
  trend?: Trend | undefined
  growth?: Growth
  /** Place of the first settled round. */
  settledPlace?: number | undefined
}

/** What tipped the balance; the words are made of it. */
export type Because =
  | 'too few rounds'
  | 'slope'
  | 'slope after warm-up'
  | 'still rising'
  | 'grows or settles'
  | 'settled'
  | 'low at first'
  | 'falls back'
  | 'falls'
  | 'cycles'
  | 'steps'
  | 'spike'

/** With fewer rounds no noise can be told from a slope. */
export const FEWEST_ROUNDS = 6

/** A step smaller than what this many rounds at the practical floor come to is none: 1 % of the level, with the default floor; in the median trial. */
const STEP_ROUNDS = 10
/** The same for a saw-tooth, which comes back: half of what a round may bring, or pages that come and go would be one. */
const TOOTH_ROUNDS = 0.5

/** Default floor: at 0.1 % of the level a round memory doubles in 1000 rounds. */
const DEFAULT_FLOOR: PracticalFloor = { share: 0.001 }
/** Of a share of nothing nothing would be too little to matter; memory comes in pages. */
const LEAST_FLOOR_BYTES = 1024

/**
 * Decides the shape: first which idea of the mean explains the rounds best at its price, then, on the part that this idea leaves
 * after warm-up, teeth and steps, whether the slope is established.
 *
 * @param trials each in the order of its rounds
 * @param gcRounds see {@link AnalyzeOptions.gcRounds}
 */
export function decideShape(
  trials: readonly RoundSeries[],
  gcRounds: number | undefined,
  floor: PracticalFloor = DEFAULT_FLOOR,
): Findings {
  const usable = trials.filter(({ rounds }) => rounds.length >= FEWEST_ROUNDS)
  const levelBytes = median(trials.flatMap(({ bytes }) => bytes.slice(Math.floor(bytes.length / 2))))
  const practicalFloorBytes = 'bytes' in floor ? floor.bytes : Math.max(LEAST_FLOOR_BYTES, floor.share * levelBytes)
  const known: Known = { trials: usable, levelBytes, practicalFloorBytes }
  const tooFew: Findings = { ...known, shape: 'inconclusive', because: 'too few rounds' }
  if (usable.length === 0) return tooFew
  const roundingBytes = roundingOf(levelBytes)
  const fits = fitMeans(usable, gcRounds === 0 ? undefined : gcRounds, roundingBytes)
  if (fits === undefined) return tooFew
  const { fit, because } = chosen(fits, practicalFloorBytes)
  const trendFrom = (place: number) => trendOf(inputsOf(usable, fit, place), roundingBytes)
  if (because === 'cycles') {
    const floorFrom = (place: number) =>
      narrower(trendFrom(place), trendOf(floorsOf(usable, fit, place), roundingBytes))
    return { ...known, shape: 'sawtooth', because, fit, ...floorAfterWarmUp(known, floorFrom) }
  }
  if (because === 'steps') {
    const trend = trendFrom(0)
    const found = { ...known, fit, trend, growth: growthOf(trend, practicalFloorBytes) }
    const settledPlace = climbsToItsOnlyStep(fit)
    if (settledPlace !== undefined) return { ...found, shape: 'settling', because: 'low at first', settledPlace }
    return { ...found, shape: 'staircase', because }
  }
  if (because === 'settled') {
    const gain = Math.min(fits.constant.score, fits.line.score) - fit.score
    const found = afterWarmUp({ ...known, shape: 'settling', because, fit }, { gain, trendFrom, bend: bendOf(fits) })
    if (found.shape === 'grows' && fit.mean.tauRounds! < WITHIN_ONE_ROUND) return behindTheFirst(found, gcRounds, floor)
    const isLevel = found.growth === 'stable' && fits.constant.score <= fits.line.score
    return found.shape === 'inconclusive' && isLevel ? onOneLevel(known, fits.constant) : found
  }
  const trend = trendFrom(0)
  const growth = growthOf(trend, practicalFloorBytes)
  const found = { ...known, fit, trend, growth }
  if (growth !== 'grows' && hasSpike(fit, levelBytes)) return { ...found, shape: 'spike', because: 'spike' }
  if (growth === 'falls') return { ...found, shape: 'settling', because: 'falls' }
  const settledPlace = lowAtFirst(fit, known)
  if (growth === 'stable' && settledPlace > 0)
    return { ...found, shape: 'settling', because: 'low at first', settledPlace }
  return { ...found, shape: growth, because: 'slope' }
}

/** Where a level with outliers explains the rounds about as well as a warm-up that then is level: one odd round makes no warm-up. */
function onOneLevel(known: Known, fit: MeanFit): Findings {
  const trend = trendOf(inputsOf(known.trials, fit, 0), roundingOf(known.levelBytes))
  const growth = growthOf(trend, known.practicalFloorBytes)
  const settledPlace = lowAtFirst(fit, known)
  const found = { ...known, fit, trend, growth }
  if (hasSpike(fit, known.levelBytes)) return { ...found, shape: 'spike', because: 'spike' }
  if (growth === 'stable' && settledPlace > 0)
    return { ...found, shape: 'settling', because: 'low at first', settledPlace }
  return { ...found, shape: growth === 'stable' ? 'stable' : 'inconclusive', because: 'slope' }
}

/** The jump after a low first round hides a slower warm-up behind it: whether that ends is seen without that round. */
function behindTheFirst(found: Findings, gcRounds: number | undefined, floor: PracticalFloor): Findings {
  const others = found.trials.map(({ rounds, bytes }) => ({ rounds: rounds.slice(1), bytes: bytes.slice(1) }))
  const behind = decideShape(others, gcRounds, floor)
  return behind.shape === 'settling' || behind.shape === 'inconclusive' ? behind : found
}

type Known = Pick<Findings, 'trials' | 'levelBytes' | 'practicalFloorBytes'>

/** Below this a difference is rounding and pages, not noise of the program. */
function roundingOf(levelBytes: number): number {
  return Math.max(1024, 1e-4 * levelBytes)
}

function chosen(
  { constant, line, saturation, saturationAndLine, sawtooth, steps }: MeanFits,
  practicalFloorBytes: number,
): { fit: MeanFit; because: Because } {
  const smooth = lowest([constant, line, saturation, saturationAndLine])!
  const others = Math.min(smooth.score, steps?.score ?? Number.POSITIVE_INFINITY)
  if (sawtooth !== undefined && sawtooth.score < others && toothOf(sawtooth) > TOOTH_ROUNDS * practicalFloorBytes)
    return { fit: sawtooth, because: 'cycles' }
  if (steps !== undefined && steps.score < smooth.score - CLEAR_GAIN) {
    const sizes = steps.coefficients.map((one) => Math.max(0, ...one.slice(1).map(Math.abs)))
    if (median(sizes) > STEP_ROUNDS * practicalFloorBytes) return { fit: steps, because: 'steps' }
  }
  return { fit: smooth, because: smooth.mean.kind === 'saturation' ? 'settled' : 'slope' }
}

/** Whether a warm-up has come to its level, goes over into growth, or has not been watched for long enough. */
function afterWarmUp(
  found: Findings & { fit: MeanFit },
  { gain, trendFrom, bend }: { gain: number; trendFrom: TrendFrom; bend: Bend },
): Findings {
  const { fit, practicalFloorBytes } = found
  const tau = fit.mean.tauRounds!
  const rounds = Math.max(...found.trials.map((trial) => trial.rounds.length))
  const riseBytes = median(fit.coefficients.map((one) => Math.abs(one.at(-1)!)))
  const leftBytes = Math.max(SETTLED_WITHIN_SD * fit.sdBytes, practicalFloorBytes / 2)
  const over = Math.max(0, Math.ceil(tau * Math.log(riseBytes / leftBytes)))
  const settledPlace = rounds >= WATCHED_FOR_TAU * tau ? Math.min(over, rounds - FEWEST_ROUNDS) : over
  const trend = trendFrom(settledPlace)
  const growth = growthOf(trend, practicalFloorBytes)
  const tail = { ...found, trend, growth, settledPlace }
  if (growth === 'grows' && bend !== 'to a level') return { ...tail, shape: 'grows', because: 'slope after warm-up' }
  // Over within a round it is one low round at the start, of which as much is asked as where it is seen as an outlier.
  const leastShare = tau < WITHIN_ONE_ROUND ? FAR_SHARE * found.levelBytes : STEP_ROUNDS * practicalFloorBytes
  const isVisible = riseBytes >= Math.max(VISIBLE_SD * fit.sdBytes, leastShare)
  if (isVisible && growth === 'falls')
    return { ...tail, shape: 'settling', because: 'falls back', settledPlace: undefined }
  if (!isVisible && growth === 'stable') return { ...tail, shape: 'stable', because: 'slope' }
  const isLevel = growth === 'stable' || trend === undefined || trend.notAbove > doubtOf(trend, practicalFloorBytes)
  if (isVisible && isLevel && rounds >= WATCHED_FOR_TAU * tau && gain > CLEAR_GAIN)
    return { ...tail, shape: 'settling', because: 'settled' }
  const mayRise = rounds < BENT_WITHIN_TAU * tau && bend !== 'to a level'
  const stillRising = mayRise ? risingThroughout(found, rounds, trendFrom) : undefined
  if (stillRising !== undefined)
    return { ...tail, shape: 'grows', because: 'still rising', trend: stillRising, growth: 'grows' }
  const undecided: Findings = { ...tail, shape: 'inconclusive', because: 'grows or settles' }
  return isVisible ? { ...undecided, possible: ['grows', 'settling'] } : undecided
}

/** Where growth that falls is going, as far as the rounds tell. */
type Bend = 'none' | 'to a line' | 'to a level'

/**
 * Growth that falls is a leak only where a leak below the warm-up explains the rounds better than a warm-up to a level, however slow. So a
 * warm-up that outlasts the job is not called a leak because it still rises at its end.
 */
function bendOf({ line, saturation, saturationAndLine }: MeanFits): Bend {
  if (saturation === undefined || line.score <= saturation.score) return 'none'
  if (saturationAndLine === undefined) return 'to a level'
  if (saturation.score - saturationAndLine.score > STRONG_GAIN) return 'to a line'
  const isSlight = line.score - saturation.score < STRONG_GAIN
  return isSlight && saturation.likelihood - saturationAndLine.likelihood > LIKELIER ? 'to a line' : 'to a level'
}

/** Strong evidence, 20 to 1 (Raftery as below). A leak needs it against a clear bend; */
const STRONG_GAIN = 6
/** of a slight bend it is enough that a leak below it is likelier than not: one standard error of its slope. */
const LIKELIER = 1

/** A time constant of a warm-up that is over after the first round: 63 % of it are. */
const WITHIN_ONE_ROUND = 1

/** A warm-up is over where what is left of it is less than a fifth of the noise, */
const SETTLED_WITHIN_SD = 0.2
/** is worth its name where it rises above the noise, and as far as a step has to, */
const VISIBLE_SD = 3
/** has been watched to its end after three time constants, when 5 % of it are left, */
const WATCHED_FOR_TAU = 3
/** and is believed where it explains the rounds so much better than a level or a line: 7 to 1 (Raftery (1995), Sociol. Methodol. 25, 111–163). */
const CLEAR_GAIN = 4
/** A slope that is above zero with more than 90 % probability is no level, */
const DOUBT = 0.1
/** with 97.5 % where it seems to be within the practical floor. */
const DOUBT_WITHIN_FLOOR = 0.025

function doubtOf({ slope }: Trend, practicalFloorBytes: number): number {
  return slope < practicalFloorBytes ? DOUBT_WITHIN_FLOOR : DOUBT
}

/** A curve whose time constant is that long has hardly bent yet. */
const BENT_WITHIN_TAU = 2

/** The slope of the second half, where it still rises and the whole does so beyond doubt. */
function risingThroughout({ practicalFloorBytes }: Findings, rounds: number, trendFrom: TrendFrom): Trend | undefined {
  const half = trendFrom(Math.floor(rounds / 2))
  const isRising = half !== undefined && half.notAbove < DOUBT && half.slope > practicalFloorBytes
  return isRising && growthOf(trendFrom(0), practicalFloorBytes) === 'grows' ? half : undefined
}

type TrendFrom = (place: number) => Trend | undefined

/** The part from this place on, with what is to be allowed for besides its level and slope. */
function inputsOf(trials: readonly RoundSeries[], fit: MeanFit, from: number): TrendInput[] {
  return trials.map(({ rounds, bytes }, trial) => {
    const columns = fit.mean.columns[trial]!
    const others = { sawtooth: columns.slice(-1), steps: columns.slice(1), constant: [], line: [], saturation: [] }
    const outliers = fit.setAside[trial]!.filter((place) => place >= from).map((place) =>
      rounds.map((_, t) => Number(t === place)),
    )
    return {
      rounds: rounds.slice(from),
      bytes: bytes.slice(from),
      others: [...others[fit.mean.kind], ...outliers].map((column) => column.slice(from)),
    }
  })
}

/** A single round is a spike, or a first round a warm-up, where it is this far off the rest, in standard deviations of the noise and of the level. */
const FAR_SD = 12
const FAR_SHARE = 0.2

function hasSpike(fit: MeanFit, levelBytes: number): boolean {
  const least = Math.max(FAR_SD * fit.sdBytes, FAR_SHARE * levelBytes)
  return fit.setAside.some((places, trial) => places.some((place) => fit.residuals[trial]![place]! > least))
}

/**
 * Rounds at the start that were set aside as outliers and yet are a warm-up: memory before the first model has been through. One such
 * round has to lie as far below the rest as a spike above it; of two in a row the size of a step is enough.
 *
 * @returns the longest run that half of the trials have
 */
function lowAtFirst(fit: MeanFit, { levelBytes, practicalFloorBytes }: Known): number {
  const runs = fit.setAside.map((places, trial) => {
    const below = (place: number) => (places.includes(place) ? -fit.residuals[trial]![place]! : 0)
    const isLow = (place: number) => below(place) > Math.max(FAR_SD * fit.sdBytes, STEP_ROUNDS * practicalFloorBytes)
    let run = 0
    while (isLow(run)) run++
    return run > 1 || below(0) > FAR_SHARE * levelBytes ? run : 0
  })
  return [...runs].sort((a, b) => b - a)[Math.ceil(runs.length / 2) - 1]!
}

/** Rounds before the only step that are a climb and no level: at the most this many, */
const CLIMB_ROUNDS = 5
/** and this many standard deviations of the noise off their own mean. */
const CLIMB_SD = 3

/** The place of the only step where it ends a climb of the first rounds, in all trials alike; then it is a warm-up and no step. */
function climbsToItsOnlyStep({ mean, coefficients, residuals, sdBytes }: MeanFit): number | undefined {
  const places = mean.stepPlaces!.map((steps) => steps[0]!)
  const isClimb = places.every((place, trial) => {
    const isOnlyOne = mean.stepPlaces![trial]!.length === 1 && coefficients[trial]![1]! > 0
    const before = residuals[trial]!.slice(0, place)
    return isOnlyOne && place <= CLIMB_ROUNDS && Math.max(...before.map(Math.abs)) > CLIMB_SD * sdBytes
  })
  return isClimb ? Math.max(...places) : undefined
}
