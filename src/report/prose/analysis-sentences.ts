import { count } from '../../shared/text.js'
import { formatBytes, formatDuration } from '../../shared/units.js'
import type { Analysis } from '../../verdict/shape/analysis.js'
import { mayEndLater, NEWS_OF_ROOM, ROUNDS_TO_FORECAST } from '../../verdict/shape/reason.js'
import { behaviour } from './behaviour.js'
import { shortSize, sizeRange } from './short-size.js'

/** A verdict with the series that it was made from. */
export interface JudgedSeries {
  analysis: Analysis
  /** Memory by round in bytes; of several trials, the medians. */
  bytes: readonly number[]
  /** What a row of the series is; a window is a part of the time of a recording without rounds. */
  unit: 'round' | 'window'
  secondsPerRound: number | null
}

/** Describes what memory does, as the rest of a sentence, with growth a day where that is known. */
export function doesSentence({ analysis, bytes, unit }: JudgedSeries): string {
  const { slopeBytesPerDay: day, levelBytes } = analysis
  const does = behaviour({ analysis, endBytes: levelBytes, floorBytes: levelBytes, endRss: bytes })
  const isGrowth = analysis.shape === 'grows' || analysis.floorShape === 'grows'
  const isClear = (analysis.slopeBytesPerRound?.low ?? 0) > 0
  return `${ofUnit(does, unit)}${isGrowth && isClear && day !== null ? `, or ${shortSize(day.estimate)} a day` : ''}`
}

/** Describes how certain a verdict is, or what is needed to decide. */
export function certaintySentence({ analysis, unit }: JudgedSeries): string | undefined {
  const { shape, floorShape, reason, slopeBytesPerRound: slope, toleranceBytes: tolerance } = analysis
  if (shape === 'inconclusive') return ofUnit(reason, unit)
  const trials = analysis.trials > 1 ? `${count(analysis.trials, 'trial')}, ` : ''
  if (slope === null || tolerance === null) return undefined
  const of = shape === 'sawtooth' ? 'slope of the floor' : 'slope'
  const level = `${shortSize(tolerance)} a round`
  if (shape === 'grows') {
    const end = mayEndLater(analysis)
      ? `; over ${count(analysis.rounds, unit)} a rise that ends later looks the same`
      : ''
    if (analysis.slow) return ofUnit(`${trials}certain, though within the ${level} that count as level${end}`, unit)
    const isClear = slope.low > tolerance
    return ofUnit(
      `${trials}${isClear ? `the whole interval is above the ${level} that count as level` : `up to ${level} counts as level`}${end}`,
      unit,
    )
  }
  const known = `${floorShape === 'inconclusive' ? 'whether the floor grows is open: its slope is' : of} ${shortSize(slope.estimate)} a round (95 %: ${sizeRange(slope.low, slope.high)})`
  return ofUnit(`${trials}${known}; up to ${level} counts as level`, unit)
}

/**
 * Describes where a series stands to its limit, or when it meets it; undefined where that is not
 * known, or the room is many times what it uses.
 */
export function limitSentence({ analysis, bytes, unit }: JudgedSeries): string | undefined {
  const { limit, shape, levelBytes } = analysis
  if (limit === null || shape === 'inconclusive') return undefined
  const { limitBytes, headroomBytes, rounds, seconds } = limit
  const name = `the limit of ${formatBytes(limitBytes)}`
  if (headroomBytes < 0) {
    const isReached = bytes.some((one) => one > limitBytes)
    return isReached
      ? `${formatBytes(-headroomBytes)} above ${name}`
      : `it passes ${name} by ${formatBytes(-headroomBytes)} if it gets there, which no ${unit} did yet`
  }
  if (rounds !== null && analysis.rounds >= ROUNDS_TO_FORECAST) {
    const high = Number.isFinite(rounds.high) ? Math.ceil(rounds.high) : 'never'
    const time = seconds === null ? '' : `, or ${formatDuration(seconds.estimate * 1000)}`
    return `at that rate it meets ${name} in about ${count(Math.round(rounds.estimate), unit)} (95 %: ${Math.floor(rounds.low)} to ${high})${time}`
  }
  if (rounds !== null || shape === 'staircase' || headroomBytes > NEWS_OF_ROOM * (levelBytes ?? 0)) return undefined
  return `${formatBytes(headroomBytes)} below ${name}`
}

/** Returns `30 rounds`, or `40 windows of 2.5 s`. */
export function lengthWords({ analysis, unit, secondsPerRound }: JudgedSeries): string {
  const length = count(analysis.rounds, unit)
  return unit === 'window' && secondsPerRound !== null
    ? `${length} of ${formatDuration(secondsPerRound * 1000)}`
    : length
}

function ofUnit(text: string, unit: 'round' | 'window'): string {
  return unit === 'round' ? text : text.replaceAll(/\bround(s?)\b/g, 'window$1')
}
