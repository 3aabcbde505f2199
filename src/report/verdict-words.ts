import type { Comparison } from '../experiment/comparison.js'
import { formatBytes } from '../units.js'
import type { Analysis, Interval } from '../verdict/analysis.js'
import type { Attribution, Part } from '../verdict/attribution.js'
import type { JudgedExpectation } from '../verdict/expectation.js'
import { limitOf, type SettingVerdict } from '../verdict/setting-verdict.js'

/** Shape, cause and whether that was expected: what a reader takes home of a setting. */
export function verdictSentences(
  { analysis, attribution, expectation }: SettingVerdict,
  { modelBytes }: Pick<Comparison, 'modelBytes'>,
): string[] {
  if (analysis === null) return []
  return [
    inM(analysis.reason, analysis.levelBytes, modelBytes),
    ...(attribution === null ? [] : [partsSentence(attribution, modelBytes), ...causeSentence(attribution, analysis)]),
    ...(expectation === null ? [] : [expectationSentence(expectation, analysis.rounds, analysis.trials)]),
  ]
}

/** Which limit the forecasts mean, where nobody gave one. */
export function limitSentence(comparison: Comparison): string | undefined {
  const { bytes, name } = limitOf(comparison)
  if (name === 'the limit') return undefined
  return `The limit is ${name}, ${formatBytes(bytes)}; --limit sets another one.`
}

/** The level again in M, which is how FL servers are sized. */
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
  if (end.garbageBytes === null) return cause === null ? [] : [FROM_OUTSIDE[cause === 'retained' ? 'retained' : 'rest']]
  if (cause === null) return growth === null ? [] : ['Probed on the way, none of the three was seen to grow.']
  const rate = growth?.[cause].bytesPerRound ?? null
  const remedy = needsRounds === null ? REMEDIES[cause] : tooFewForALeak(rounds, needsRounds)
  return [`${CAUSES[cause][evidence!]}${rate === null ? '' : `, by ${rateWords(rate)}`}: ${remedy}`]
}

/** A heap that warms up grows too. */
function tooFewForALeak(rounds: number, needsRounds: number): string {
  return `a leak, or a heap that is still warming up. ${rounds} rounds cannot tell which; ${needsRounds} can (--rounds ${needsRounds}).`
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

/** A probe from outside cannot collect, and so cannot tell garbage from what is live. */
const FROM_OUTSIDE = {
  retained:
    'What the allocator retains is at least half of what it grew by: purging it helps (malloc_trim), or fewer arenas (MALLOC_ARENA_MAX), or another allocator (--allocator).',
  rest: 'Most of its growth is live or garbage, which the allocator cannot give back: a collection in the program tells which (gc.collect() in Python), and trimming alone will not help.',
} as const

const REMEDIES: Record<Part, string> = {
  live: 'a leak, since it goes on. Something keeps referring to it, so cleanup will not help.',
  garbage: 'collecting it helps (--server-memory-gc-rounds).',
  retained:
    'purging it helps (--server-memory-gc-rounds purges too), or fewer arenas (--arena-max), or another allocator (--allocator).',
}

function expectationSentence(
  { expected, state, needsRounds, needsTrials }: JudgedExpectation,
  rounds: number,
  trials: number,
): string {
  const words = expectedWords(expected)
  if (state === 'met') return `As expected (${words}).`
  if (state === 'not met') return `Expected was ${words}: NOT MET.`
  const ways = [
    ...(needsRounds === null ? [] : [`${needsRounds} rounds a trial instead of ${rounds}`]),
    ...(needsTrials === null ? [] : [`${needsTrials} trials instead of ${trials}`]),
  ]
  const way =
    ways.length === 0
      ? 'neither more rounds nor more trials would decide it at this noise'
      : `it takes about ${ways.join(', or ')}`
  return `Expected was ${words}, which CANNOT BE DECIDED yet: ${way}.`
}

/** `grows or settling`. */
export function expectedWords(expected: string[][]): string {
  return expected.map((shapes) => shapes.join(' or ')).join(', and ')
}
