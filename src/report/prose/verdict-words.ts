import type { Comparison } from '../../results/comparison.js'
import { count } from '../../shared/text.js'
import { formatBytes } from '../../shared/units.js'
import { type Attribution, PARTS, type Part } from '../../verdict/attribution.js'
import { TRIALS_TO_DECIDE } from '../../verdict/difference/compare-settings.js'
import { limitOf, type SettingVerdict } from '../../verdict/difference/setting-verdict.js'
import type { JudgedExpectation } from '../../verdict/gate/expectation.js'
import type { Analysis, Interval } from '../../verdict/shape/analysis.js'
import { shapeWord } from './behaviour.js'

/** Returns shape, cause and whether that was expected: the conclusions about a setting. */
export function verdictSentences(
  { analysis, attribution, expectation }: SettingVerdict,
  { modelBytes }: Pick<Comparison, 'modelBytes'>,
): string[] {
  if (analysis === null) return []
  return [
    inM(analysis.reason, analysis.levelBytes, modelBytes),
    ...(attribution === null ? [] : [partsSentence(attribution, modelBytes), ...causeSentence(attribution, analysis)]),
    ...(expectation === null ? [] : [expectationSentence(expectation)]),
  ]
}

/** Names the limit that the forecasts use, where none was given. */
export function limitSentence(comparison: Comparison): string | undefined {
  const { bytes, name } = limitOf(comparison)
  if (name === 'the limit') return undefined
  return `The limit is ${name}, ${formatBytes(bytes)}; --limit sets another one.`
}

/** Repeats the level in M, the unit in which FL servers are sized. */
function inM(reason: string, levelBytes: number | null, modelBytes: number | null): string {
  if (levelBytes === null || modelBytes === null) return reason
  const level = formatBytes(levelBytes)
  return reason.replace(level, `${level} (${inModels(levelBytes, modelBytes)})`)
}

function inModels(bytes: number, modelBytes: number): string {
  return `${(bytes / modelBytes).toFixed(1)} M`
}

function partsSentence({ end }: Attribution, modelBytes: number | null): string {
  const size = (bytes: number) =>
    `${formatBytes(bytes)}${modelBytes === null ? '' : ` (${inModels(bytes, modelBytes)})`}`
  if (end.garbageBytes === null)
    return `Of its ${formatBytes(end.rssBytes)} when the job was done ${size(end.retainedBytes)} is retained by the allocator; the rest, ${size(end.liveBytes)}, is live or garbage.`
  return `Of its ${formatBytes(end.rssBytes)} when the job was done ${size(end.liveBytes)} is live, ${size(end.garbageBytes)} garbage, ${size(end.retainedBytes)} retained by the allocator.`
}

function causeSentence({ end, cause, evidence, growth, needsRounds }: Attribution, { rounds }: Analysis): string[] {
  const isFromOutside = end.garbageBytes === null
  if (cause === null) return growth === null ? [] : [`Probed on the way, ${notSeenToGrow(growth, isFromOutside)}`]
  const rate = growth?.[cause].bytesPerRound ?? null
  if (isFromOutside)
    return [fromOutside(cause === 'retained' ? 'retained' : 'rest', evidence === 'probes' ? rate : null)]
  const remedy = needsRounds === null ? REMEDIES[cause] : tooFewForALeak(rounds, needsRounds)
  return [`${CAUSES[cause][evidence!]}${rate === null ? '' : `, by ${rateWords(rate)}`}: ${remedy}`]
}

/** Says that the rounds are too few to call growth a leak; a heap that warms up grows too. */
function tooFewForALeak(rounds: number, needsRounds: number): string {
  return `a leak, or a heap that is still warming up. ${count(rounds, 'round')} cannot show which; ${needsRounds} can (--rounds ${needsRounds}).`
}

function rateWords({ estimate, low, high }: Interval): string {
  return `${formatBytes(estimate)} a round (95 % interval ${formatBytes(low)} to ${formatBytes(high)})`
}

const CAUSES: Record<Part, Record<'probes' | 'cleanup' | 'size', string>> = {
  live: {
    probes: 'Live memory grows',
    cleanup: 'What grows is what cleanup leaves, so it is live',
    size: 'Most of what it holds above its base and one M is live',
  },
  garbage: {
    probes: 'Garbage grows',
    cleanup: 'What grows is garbage',
    size: 'Most of what it holds above its base and one M is garbage',
  },
  retained: {
    probes: 'What the allocator retains grows',
    cleanup: 'What grows is retained by the allocator',
    size: 'Most of what it holds above its base and one M is retained by the allocator',
  },
}

/** Says that no part was seen to grow, or that growth of a part could not have been seen. */
function notSeenToGrow(growth: NonNullable<Attribution['growth']>, isFromOutside: boolean): string {
  const isJudged = (isFromOutside ? (['live', 'retained'] as const) : PARTS).every((part) => growth[part].isJudged)
  if (!isJudged)
    return `whether one part of it grows is unknown: that takes at least ${TRIALS_TO_DECIDE} trials of each setting and a dozen probes in each.`
  return isFromOutside
    ? 'neither what is retained nor the rest was seen to grow.'
    : 'none of the three was seen to grow.'
}

/**
 * Words for probes from outside, which cannot collect and so cannot separate garbage from live
 * memory.
 */
const FROM_OUTSIDE = {
  retained: {
    bySize: 'What the allocator retains is at least half of what it grew by',
    grows: 'What the allocator retains grows',
    remedy: 'purging it helps (malloc_trim), or fewer arenas (MALLOC_ARENA_MAX), or another allocator (--allocator).',
  },
  rest: {
    bySize: 'Most of its growth is live or garbage, which the allocator cannot give back',
    grows: 'What is live or garbage grows, which the allocator cannot give back',
    remedy: 'a collection in the program shows which (gc.collect() in Python), and trimming alone will not help.',
  },
} as const

/** @param rate growth that probes measured during the run; null where only the end was probed */
function fromOutside(part: keyof typeof FROM_OUTSIDE, rate: Interval | null): string {
  const { bySize, grows, remedy } = FROM_OUTSIDE[part]
  return rate === null ? `${bySize}: ${remedy}` : `${grows}, by ${rateWords(rate)}: ${remedy}`
}

const REMEDIES: Record<Part, string> = {
  live: 'a leak, since it continues. Something keeps referring to it, so cleanup will not help.',
  garbage: 'collecting it helps (--server-memory-gc-rounds).',
  retained:
    'purging it helps (--server-memory-gc-rounds purges too), or fewer arenas (--arena-max), or another allocator (--allocator).',
}

function expectationSentence({ expected, state }: JudgedExpectation): string {
  const words = expectedWords(expected)
  if (state === 'met') return `As expected (${words}).`
  if (state === 'not met') return `Expected was ${words}: NOT MET.`
  return `Expected was ${words}, which CANNOT BE DECIDED yet: more rounds or more trials may decide it.`
}

/** Returns `grows or levels off`. */
export function expectedWords(expected: string[][]): string {
  return expected.map((shapes) => shapes.map(shapeWord).join(' or ')).join(', and ')
}
