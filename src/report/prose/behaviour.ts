import { periodOfSetting } from '../../recording/rounds/cleanup-period.js'
import type { Comparison } from '../../results/comparison.js'
import type { Setting } from '../../results/setting.js'
import { count } from '../../shared/text.js'
import { type Analysis, onlyStepsDown, type Shape } from '../../verdict/shape/analysis.js'
import { shortPercent, shortSize, sizeRange } from './short-size.js'

/** What one setting did, as the input of a sentence about it. */
export interface SummarizedSetting {
  /** Analysis of the setting; null where no round was recorded. */
  analysis: Analysis | null
  /** Memory at the end and the floor that it falls back to, in bytes; null: not known. */
  endBytes: number | null
  floorBytes: number | null
  /** End RSS by round. */
  endRss: readonly number[]
}

/** Returns the shape in one word or two, as columns show it. */
export function verdictWord(analysis: Analysis | null): string {
  if (analysis === null) return 'no rounds'
  if (onlyStepsDown(analysis)) return 'steps down'
  return analysis.shape === 'inconclusive' && analysis.now.trend === 'rises' ? 'still rises' : shapeWord(analysis.shape)
}

/** Returns the word that texts use for a shape; another text comes back as it is. */
export function shapeWord(shape: string): string {
  return WORDS[shape as Shape] ?? shape
}

const WORDS: Record<Shape, string> = {
  inconclusive: 'undecided',
  stable: 'flat',
  grows: 'grows',
  falls: 'falls',
  sawtooth: 'saw-tooth',
  settling: 'levels off',
  staircase: 'steps',
  spike: 'spike',
}

/**
 * Describes what memory does, as the rest of a sentence: `climbs by 38 %, then levels off at 101
 * MiB (round 13)`.
 */
export function behaviour({ analysis, endBytes, floorBytes, endRss }: SummarizedSetting): string {
  if (analysis === null) return 'was not seen: no round was recorded'
  const at = endBytes === null ? 'an unknown level' : shortSize(endBytes)
  const { slopeBytesPerRound: slope, now } = analysis
  switch (analysis.shape) {
    case 'stable':
      return `stays flat at ${at}`
    case 'settling':
      return `${towards(endRss)}levels off at ${at}${analysis.settledAtRound === null ? '' : ` (round ${analysis.settledAtRound})`}`
    case 'grows':
      // The interval is that of the second half alone, and may reach below zero.
      if (slope !== null && slope.low <= 0) return `grows beyond doubt, lately by about ${rate(slope)}`
      return `grows${analysis.slow ? ' slowly' : ''}${slope === null ? '' : `, by ${rate(slope)}`}`
    case 'falls':
      return `still falls at the end${slope === null ? '' : `, by ${rate({ estimate: -slope.estimate, low: -slope.high, high: -slope.low })}`}`
    case 'sawtooth':
      return sawtooth(analysis, floorBytes)
    case 'staircase':
      if (onlyStepsDown(analysis)) return `steps down${netClimb(analysis)}, and is flat at ${at} since`
      return `shifts in steps${netClimb(analysis)}, and ends at ${at}`
    case 'spike':
      return `is level at ${at} but for ${analysis.outliers.length === 1 ? 'a spike' : `${analysis.outliers.length} spikes`}`
    default:
      if (now.trend === 'rises' && now.bytesPerRound !== null)
        return `still rises, by ${rate({ estimate: now.bytesPerRound, low: now.low!, high: now.high! })}; whether it levels off is open`
      return `cannot be judged yet${undecidedAfter(analysis)}`
  }
}

function sawtooth({ period, floorShape, slopeBytesPerRound: slope }: Analysis, floorBytes: number | null): string {
  const floor = floorBytes === null ? '' : ` to ${shortSize(floorBytes)}`
  const every = period === null ? 'again and again' : period === 1 ? 'every round' : `every ${period} rounds`
  const growing = floorShape === 'grows' && slope !== null ? `, and the floor grows by ${rate(slope)}` : ''
  return `climbs and falls back${floor} ${every}${growing}`
}

/** Describes the change from the first round to the last; less than 2 % counts as no change. */
function towards(endRss: readonly number[]): string {
  const [first, last] = [endRss[0], endRss.at(-1)]
  if (first === undefined || last === undefined || first <= 0) return ''
  const share = last / first - 1
  if (Math.abs(share) < 0.02) return ''
  return share > 0
    ? `climbs by ${shortPercent(share).slice(1)}, then `
    : `falls by ${shortPercent(-share).slice(1)}, then `
}

/** Returns the growth per round with its 95 % interval. */
function rate({ estimate, low, high }: { estimate: number; low: number; high: number }): string {
  return `${shortSize(estimate)} a round (95 %: ${sizeRange(low, high)})`
}

function undecidedAfter({ rounds }: Analysis): string {
  return `: ${count(rounds, 'round')} ${rounds === 1 ? 'does' : 'do'} not decide it`
}

function netClimb({ netClimbBytes: bytes }: Analysis): string {
  return bytes === null ? '' : `, by ${signed(bytes)} in all`
}

function signed(bytes: number): string {
  return bytes > 0 ? `+${shortSize(bytes)}` : shortSize(bytes)
}

/**
 * Describes a setting as the beginning of a sentence whose subject is memory: `Without cleanup`,
 * `With cleanup every 5 rounds`, or `With arena=4` by its label.
 *
 * @param label as it is printed beside the sentence
 * @param varying the axes in which the printed settings differ
 */
export function withSetting(setting: Setting, label: string, varying: readonly string[]): string {
  const period = periodOfSetting(setting.values)
  const isOfCleanup = period?.from.kind === 'own axis' && varying.length === 1 && varying[0] === period.from.axis
  if (!isOfCleanup) return label === 'as it is' ? 'As it is,' : `With ${label}`
  if (period.rounds === 0) return 'Without cleanup'
  return period.rounds === 1 ? 'With cleanup every round' : `With cleanup every ${period.rounds} rounds`
}

/** Returns the names of the axes in which settings differ. */
export function varyingAxes(settings: Comparison['settings']): string[] {
  const names = [...new Set(settings.flatMap(({ values }) => Object.keys(values)))]
  return names.filter((name) => new Set(settings.map(({ values }) => values[name] ?? 'unset')).size > 1)
}
