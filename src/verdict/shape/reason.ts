import { count } from '../../shared/text.js'
import { formatBytes, formatDuration } from '../../shared/units.js'
import { median } from '../../statistics/median.js'
import type { Analysis, Interval } from './analysis.js'
import { FEWEST_ROUNDS, type Findings } from './findings.js'

type AnalysisSoFar = Omit<Analysis, 'reason'>

/**
 * Returns the verdict in one or two sentences: what was seen, how large, how sure, what memory does
 * now, and what it means for the limit.
 */
export function reasonOf(findings: Findings, analysis: AnalysisSoFar): string {
  return [
    seen(findings, analysis),
    ...rates(analysis),
    ...mayEnd(analysis),
    ...nowToo(findings, analysis),
    ...remedy(findings),
    ...limit(findings, analysis),
    ...horizon(analysis),
  ].join(' ')
}

function seen(findings: Findings, analysis: AnalysisSoFar): string {
  const { levelBytes, slopeBytesPerRound: slope, toleranceBytes: tolerance } = analysis
  const level = levelBytes === null ? 'unknown' : formatBytes(levelBytes)
  if (analysis.shape === 'grows') return growth(findings, analysis)
  switch (findings.because) {
    case 'too few rounds':
      return `${count(analysis.rounds, 'round')}, too few to tell noise from a slope (at least ${FEWEST_ROUNDS} are needed).`
    case 'grows or settles':
      if (analysis.now.trend === 'rises') return stillRising(findings, analysis)
      return endsHigher(findings)
        ? 'Rises and levels off, but was not watched long enough to tell a slow warm-up from growth.'
        : 'Falls and levels off, but was not watched long enough to tell where to.'
    case 'rises now':
      return stillRising(findings, analysis)
    case 'settled':
      return `Settles at ${level} from round ${analysis.settledAtRound} on (time constant ${analysis.timeConstantRounds!.toFixed(1)} rounds); ${afterwards(analysis)}.`
    case 'ramp':
      return `Settled at ${level} from round ${analysis.settledAtRound} on, after a ramp; ${afterwards(analysis)}.`
    case 'low at first':
      return `Settles at ${level} from round ${analysis.settledAtRound} on, after ${count(findings.settledPlace!, 'low first round')}; ${afterwards(analysis)}.`
    case 'falls back':
      return `${isRising(findings) ? 'Rises at first and then falls back' : 'Falls, at first faster'}, at the end by ${slopeWords(slope!, -1)}: it has not reached its level yet, which is around ${level}.`
    case 'came back':
      return `Rose by ${slopeWords(slope!)}, and gave most of it back in the last rounds: whether it grows over longer times is open.`
    case 'falls':
      return `Falls by ${slopeWords(slope!, -1)} and has not reached its level yet.`
    case 'cycles':
      return sawtooth(analysis)
    case 'steps down':
      return `Falls in steps: the level shifts ${steps(analysis)}, ${signed(analysis.netClimbBytes!)} in all, and is ${level} at the end.`
    case 'steps':
      return `Staircase: the level shifts ${steps(analysis)}, ${signed(analysis.netClimbBytes!)} in all, and is ${level} at the end; between the shifts the slope is ${slope === null ? 'not known' : slopeWords(slope)}.`
    case 'spike':
      return `Level at ${level} but for ${analysis.outliers.length === 1 ? 'a spike' : 'spikes'}: ${analysis.outliers.map(({ round, bytes }) => `${signed(bytes)} in round ${round}`).join(', ')}.`
    default:
      if (analysis.shape === 'stable')
        return `Stable at ${level}: the slope, ${slopeWords(slope!)}, lies within the tolerance of ${formatBytes(tolerance!)} a round${doubling(tolerance!, levelBytes, ', at which')}.`
      if (slope !== null && Math.max(-slope.low, slope.high) < tolerance!)
        return `Around ${level}; the slope, ${slopeWords(slope)}, lies within the tolerance of ${formatBytes(tolerance!)} a round, but earlier rounds do not fit it.`
      return `Around ${level}; the slope, ${slope === null ? 'which is unknown' : slopeWords(slope)}, is neither within the tolerance of ${formatBytes(tolerance!)} a round nor known well enough to be growth.`
  }
}

/** Describes the shape `grows`. */
function growth(findings: Findings, analysis: AnalysisSoFar): string {
  const { slopeBytesPerRound: slope, levelBytes, toleranceBytes: tolerance, netClimbBytes: climb } = analysis
  const isLong = analysis.rounds >= ROUNDS_TO_FORECAST
  const rate = `${slopeWords(slope!)}${isLong ? doubling(slope!.estimate, levelBytes) : ''}`
  const place = findings.settledPlace
  switch (findings.because) {
    case 'slope after warm-up':
      return `Grows${analysis.slow ? ' slowly' : ''} after a warm-up of ${count(place!, 'round')}, by ${rate}.`
    case 'still rising':
      return `Grows, which all rounds together leave no doubt of, and more slowly than at first: in the second half by ${rate}; no level is in sight.`
    case 'accelerates':
      return `Grows, and faster and faster: in the second half by ${rate}.`
    case 'late onset':
      return `Grows since round ${findings.trials[0]!.rounds[place!]}, by ${rate}.`
    case 'between steps':
      return analysis.restarts.length > 0
        ? `Grows within each life, by ${slopeWords(slope!)}; it restarted ${restarts(analysis)}.`
        : `Grows by ${rate}; in addition, the level shifts ${steps(analysis)}, ${signed(climb!)} in all.`
    case 'each trial':
      return `Grows in most trials, each taken alone, by ${slopeWords(slope!)} on average.`
    case 'steps up':
      return `Grows in steps: the level shifts ${steps(analysis)}, ${signed(climb!)} in all, and never falls.`
    default:
      if (!analysis.slow) return `Grows by ${rate}.`
      return `Grows slowly, by ${rate}. That is within the tolerance of ${formatBytes(tolerance!)} a round, and it is certain.`
  }
}

function stillRising(findings: Findings, { now }: AnalysisSoFar): string {
  const from = now.from === null ? '' : ` since round ${now.from}`
  const rate = slopeWords({ estimate: now.bytesPerRound!, low: now.low!, high: now.high! })
  const last = Math.max(...findings.trials.map(({ rounds }) => rounds.at(-1)!))
  return `Still rises, by ${rate} over the last ${count(last - (now.from ?? last) + 1, 'round')}${from}; it was not watched long enough to tell whether it continues or levels off.`
}

/**
 * Describes what memory does now, where the shape leaves that open. A saw-tooth is judged by its
 * floor: where that is stable, the rise is that of the teeth.
 */
function nowToo({ shape }: Findings, { now, floorShape }: AnalysisSoFar): string[] {
  if (now.trend !== 'rises' || !['staircase', 'sawtooth', 'spike'].includes(shape) || floorShape === 'stable') return []
  return [
    `Since round ${now.from} it rises by ${slopeWords({ estimate: now.bytesPerRound!, low: now.low!, high: now.high! })}.`,
  ]
}

/**
 * Rounds below which growth says that it may end. The server of NVFlare 2.9 that cleans up in every
 * round rises in a straight line for 20 rounds and is level for the next 80
 * (bench/results/frameworks.md).
 */
const ROUNDS_TO_LAST = 30

/** Tells whether what grows was watched so briefly that it may be filling up. */
export function mayEndLater({ shape, floorShape, rounds }: AnalysisSoFar): boolean {
  return (floorShape ?? shape) === 'grows' && rounds < ROUNDS_TO_LAST
}

function mayEnd(analysis: AnalysisSoFar): string[] {
  return mayEndLater(analysis) ? [`Over ${count(analysis.rounds, 'round')} a rise that ends later looks the same.`] : []
}

/** Returns growth per hour and day, where the length of a round is known. */
function rates({ shape, floorShape, slopeBytesPerHour: hour, slopeBytesPerDay: day }: AnalysisSoFar): string[] {
  if ((floorShape ?? shape) !== 'grows' || hour === null || day === null) return []
  return [`That is ${formatBytes(hour.estimate)} an hour, or ${formatBytes(day.estimate)} a day.`]
}

function sawtooth(analysis: AnalysisSoFar): string {
  const { levelBytes, period, amplitudeBytes, teethSlopeBytesPerRound: teeth } = analysis
  const falls = `Saw-tooth: every ${period === 1 ? 'round' : `${period} rounds`} it falls back by ${formatBytes(amplitudeBytes!)}`
  const grow = teeth === null ? '' : ` at the end, its teeth growing by ${slopeWords(teeth)}`
  return `${falls}${grow}; what it falls back to, ${formatBytes(levelBytes!)} on average, ${floorWords(analysis)}.`
}

function restarts({ restarts: all, trials }: AnalysisSoFar): string {
  return all.map(({ trial, round }) => `at round ${round}${trials > 1 ? ` of trial ${trial}` : ''}`).join(', ')
}

/** Tells whether the curve ends above its start: beside a warm-up that falls, a line may rise. */
function endsHigher({ fit, trials }: Findings): boolean {
  const rises = trials.map(({ bytes }, trial) => {
    const residuals = fit!.residuals[trial]!
    return bytes.at(-1)! - residuals.at(-1)! - (bytes[0]! - residuals[0]!)
  })
  return median(rises) > 0
}

/** Tells whether a warm-up rises; one that falls starts above its level. */
function isRising({ fit }: Findings): boolean {
  return median(fit!.coefficients.map((one) => one.at(-1)!)) < 0
}

/**
 * Describes the slope after a warm-up: whether it lies within the tolerance, and whether it differs
 * from zero.
 */
function afterwards({ slopeBytesPerRound: slope, toleranceBytes: tolerance }: AnalysisSoFar): string {
  if (slope === null) return 'for how long it stays there is not known'
  const isTolerated = slope.low > -tolerance! && slope.high < tolerance!
  return isTolerated
    ? `after that the slope, ${slopeWords(slope)}, lies within the tolerance of ${formatBytes(tolerance!)} a round`
    : `after that the slope is ${slopeWords(slope)}, ${slope.low > 0 || slope.high < 0 ? 'which is not beyond doubt' : 'not significantly different from zero'}`
}

function floorWords({ floorShape, slopeBytesPerRound: slope }: AnalysisSoFar): string {
  if (slope === null) return 'was seen too seldom to know whether it grows'
  if (floorShape === 'stable') return `is stable: its slope is ${slopeWords(slope)}`
  if (floorShape === 'grows') return `grows by ${slopeWords(slope)}`
  if (floorShape === 'falls') return `falls by ${slopeWords(slope, -1)}`
  return `may or may not grow: its slope is ${slopeWords(slope)}`
}

function steps({ steps: all, trials }: AnalysisSoFar): string {
  const most = all.slice(0, 6).map(({ trial, round, bytes }) => {
    return `by ${signed(bytes)} at round ${round}${trials > 1 ? ` of trial ${trial}` : ''}`
  })
  return `${most.join(', ')}${all.length > most.length ? ` and ${all.length - most.length} more times` : ''}`
}

/**
 * Suggests what may decide. It does not say how many rounds that takes, because such an estimate
 * held in less than half of the cases.
 */
function remedy({ shape, because }: Findings): string[] {
  return shape === 'inconclusive' && because === 'slope'
    ? ['More rounds, more trials or a wider --tolerance may decide.']
    : []
}

/**
 * Room, as a multiple of the level, above which it is not mentioned: the limit is then that of the
 * machine.
 */
export const NEWS_OF_ROOM = 10

/** Minimum rounds for a forecast. With fewer, a rise is warm-up as often as growth. */
export const ROUNDS_TO_FORECAST = 20

function limit({ trials }: Findings, { limit: found, shape, levelBytes, rounds: watched }: AnalysisSoFar): string[] {
  if (found === null) return []
  const { limitBytes, headroomBytes, rounds, seconds } = found
  const name = `the limit of ${formatBytes(limitBytes)}`
  const isTooth = shape === 'sawtooth'
  const highest = Math.max(...trials.flatMap(({ bytes }) => bytes))
  if (headroomBytes < 0)
    return highest > limitBytes
      ? [`${isTooth ? 'The top of its teeth' : 'That'} is ${formatBytes(-headroomBytes)} above ${name}.`]
      : [`Going there it passes ${name} by ${formatBytes(-headroomBytes)}, which no round did yet.`]
  if (rounds === null && (shape === 'staircase' || headroomBytes > NEWS_OF_ROOM * (levelBytes ?? 0))) return []
  if (rounds === null)
    return [`${isTooth ? 'Above its teeth that' : 'That'} leaves ${formatBytes(headroomBytes)} below ${name}.`]
  if (watched < ROUNDS_TO_FORECAST) return []
  const time = seconds === null ? '' : `, or ${formatDuration(seconds.estimate * 1000)}`
  return [
    `If that continues, it meets ${name} in about ${count(Math.round(rounds.estimate), 'round')} (95 % interval ${Math.floor(rounds.low)} to ${Number.isFinite(rounds.high) ? Math.ceil(rounds.high) : 'never'})${time}.`,
  ]
}

/** Describes the horizon where one was given, and for slow growth, which matters by it. */
function horizon({ horizon: found, slow }: AnalysisSoFar): string[] {
  if (found === null || (found.isDefault && !slow)) return []
  const { rounds, bytes } = found
  return [
    `Over ${count(Math.round(rounds), 'round')} that slope comes to ${signed(bytes.estimate)} (${signed(bytes.low)} to ${signed(bytes.high)}).`,
  ]
}

/** @param sign -1 after a verb that already says that memory falls */
function slopeWords({ estimate, low, high }: Interval, sign: 1 | -1 = 1): string {
  const [from, to] = sign === 1 ? [low, high] : [-high, -low]
  return `${formatBytes(sign * estimate)} a round (95 % interval ${formatBytes(from)} to ${formatBytes(to)})`
}

function doubling(bytesPerRound: number, levelBytes: number | null, atWhich = ': at that rate'): string {
  if (levelBytes === null || bytesPerRound <= 0) return ''
  return `${atWhich} it would double in ${count(Math.round(levelBytes / bytesPerRound), 'round')}`
}

function signed(bytes: number): string {
  return bytes > 0 ? `+${formatBytes(bytes)}` : formatBytes(bytes)
}
