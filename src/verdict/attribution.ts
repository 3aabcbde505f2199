import { mean } from '../statistics/mean.js'
import { compareSettings } from './difference/compare-settings.js'
import type { Analysis, Interval } from './shape/analysis.js'
import { analyzeRounds } from './shape/analyze-rounds.js'

/** RSS split by probes that collect and purge; the three parts add up to it. */
export interface Parts {
  rssBytes: number
  /**
   * Memory in use, which neither collection nor purge released. Includes garbage where
   * `garbageBytes` is null.
   */
  liveBytes: number
  /**
   * Garbage not yet collected; null where collection was impossible: from outside only the
   * allocator can be asked.
   */
  garbageBytes: number | null
  /** Memory that is free but kept by the allocator. */
  retainedBytes: number
}

export const PARTS = ['live', 'garbage', 'retained'] as const
export type Part = (typeof PARTS)[number]

/** The parts of one setting's RSS, and the part that grows. */
export interface Attribution {
  /** Parts at the job's end: means over the trials, so that they add up. */
  end: Parts
  trials: number
  /** Live memory above the RSS before the model plus one model; null where those are not known. */
  liveAboveBaseBytes: number | null
  /** Growth of each part per round; null without trials that were probed on the way. */
  growth: Record<Part, PartGrowth> | null
  /**
   * The part that accounts for the growth of the whole; null where nothing grows, or the part is
   * unknown.
   */
  cause: Part | null
  /**
   * How the cause is known. `probes`: each part was measured over the rounds. `cleanup`: memory
   * that cleanup left grows. `size`: the part makes up most of the memory above the base, measured
   * at the end alone; from outside, most of what RSS grew by over the rounds.
   */
  evidence: 'probes' | 'cleanup' | 'size' | null
  /**
   * Rounds required before growing live memory is called a leak; null where there were enough, or
   * where other memory grows.
   */
  needsRounds: number | null
}

/**
 * Heaps warm up for dozens of rounds, caches and compiled code included, and growth that ends looks
 * like growth that does not. With five trials of 40 rounds the second half of a warm-up is no
 * longer taken for a leak (docs/cause-and-difference.md).
 */
const ROUNDS_TO_CALL_IT_A_LEAK = 40

export interface PartGrowth {
  bytesPerRound: Interval | null
  isEstablished: boolean
  /**
   * False where there were too few probes or trials to see growth; "not established" then says
   * nothing.
   */
  isJudged: boolean
}

const NOT_JUDGED: PartGrowth = { bytesPerRound: null, isEstablished: false, isJudged: false }

/** A probe after a round of a trial that was probed on the way. */
export interface ProbedRound extends Parts {
  round: number
}

export interface AttributionInput {
  /** Parts at the job's end, one of each completed trial. */
  ends: readonly Parts[]
  /** Rounds of the job. */
  rounds: number
  /**
   * Probes of each trial that was probed on the way, in the order of rounds. These trials stand
   * apart, because a probe collects and purges.
   */
  probes: readonly (readonly ProbedRound[])[]
  /** RSS before the model, and the size of the model. */
  baseBytes: number | null
  modelBytes: number | null
  gcRounds: number
  analysis: Pick<Analysis, 'shape' | 'floorShape'> & Partial<Pick<Analysis, 'slopeBytesPerRound'>>
}

/**
 * Attributes the memory of one setting to a cause.
 *
 * A probe collects and purges, so that later probes of the same trial measure what accumulated
 * since the one before. Live memory is not affected: its course over all probes is judged like any
 * other. Garbage and retained pages are compared between the first probe, after N undisturbed
 * rounds, and the end of the ordinary trials, after all their rounds.
 *
 * @returns undefined where no trial reported its parts
 */
export function attribute(input: AttributionInput): Attribution | undefined {
  const { ends, baseBytes, modelBytes } = input
  if (ends.length === 0) return undefined
  const end = meanParts(ends)
  const base = baseBytes === null || modelBytes === null ? null : baseBytes + modelBytes
  const liveAboveBaseBytes = base === null ? null : end.liveBytes - base
  const growth = input.probes.some((trial) => trial.length > 0) ? growthOf(input) : null
  const found = causeOf(input, end, liveAboveBaseBytes, growth)
  const isTooShort = found.cause === 'live' && input.rounds < ROUNDS_TO_CALL_IT_A_LEAK
  const needsRounds = isTooShort ? ROUNDS_TO_CALL_IT_A_LEAK : null
  return { end, trials: ends.length, liveAboveBaseBytes, growth, ...found, needsRounds }
}

function meanParts(all: readonly Parts[]): Parts {
  const over = (part: keyof Parts) => mean(all.map((parts) => parts[part] ?? 0))
  return {
    rssBytes: over('rssBytes'),
    liveBytes: over('liveBytes'),
    garbageBytes: isFromOutside(all) ? null : over('garbageBytes'),
    retainedBytes: over('retainedBytes'),
  }
}

/** True where garbage could not be collected, so that it counts as live. */
function isFromOutside(all: readonly Parts[]): boolean {
  return all.some(({ garbageBytes }) => garbageBytes === null)
}

function growthOf(input: AttributionInput): Record<Part, PartGrowth> {
  const probes = input.probes.filter((trial) => trial.length > 0)
  return {
    live: liveGrowth(probes),
    garbage: isFromOutside(input.ends) ? NOT_JUDGED : sinceFirstProbe('garbageBytes', probes, input),
    retained: sinceFirstProbe('retainedBytes', probes, input),
  }
}

/**
 * Judges live memory by the index of the probe, so that N rounds from one probe to the next count
 * as one step; converts the slope back to rounds.
 */
function liveGrowth(probes: readonly (readonly ProbedRound[])[]): PartGrowth {
  const { shape, slopeBytesPerRound: slope } = analyzeRounds(
    probes.map((trial) => trial.map(({ liveBytes }) => liveBytes)),
    { gcRounds: 0 },
  )
  const [first, second] = probes[0]!
  const every = first === undefined || second === undefined ? 1 : second.round - first.round
  return {
    bytesPerRound: slope && divided(slope, every),
    isEstablished: shape === 'grows',
    isJudged: shape !== 'inconclusive',
  }
}

function sinceFirstProbe(
  part: 'garbageBytes' | 'retainedBytes',
  probes: readonly (readonly ProbedRound[])[],
  { ends, rounds }: AttributionInput,
): PartGrowth {
  const first = probes.map((trial) => trial[0]!)
  const between = rounds - Math.max(...first.map(({ round }) => round))
  if (between <= 0) return NOT_JUDGED
  const { interval, change, decision } = compareSettings(
    // Garbage is compared only where every trial reports it.
    first.map((parts) => parts[part] ?? 0),
    ends.map((parts) => parts[part] ?? 0),
    { margin: 0, bootstrapDraws: 1 },
  )
  return {
    bytesPerRound: interval && divided({ estimate: change, low: interval.low, high: interval.high }, between),
    isEstablished: decision === 'higher',
    isJudged: decision !== 'too few trials',
  }
}

function divided({ estimate, low, high }: Interval, by: number): Interval {
  return { estimate: estimate / by, low: low / by, high: high / by }
}

/** Minimum share of the growth that a part has to make up to explain it. */
const MOST = 0.5

function causeOf(
  { analysis, gcRounds, rounds }: AttributionInput,
  end: Parts,
  liveAboveBaseBytes: number | null,
  growth: Record<Part, PartGrowth> | null,
): Pick<Attribution, 'cause' | 'evidence'> {
  if (growth !== null) {
    const rates = PARTS.map((part) => ({ part, rate: growth[part].bytesPerRound?.estimate ?? 0 }))
    const growing = rates.filter(({ part }) => growth[part].isEstablished).sort((a, b) => b.rate - a.rate)
    if (growing.length > 0) return { cause: growing[0]!.part, evidence: 'probes' }
    if (measuredParts(end).every((part) => growth[part].isJudged)) return { cause: null, evidence: null }
  }
  if ((analysis.floorShape ?? analysis.shape) !== 'grows') return { cause: null, evidence: null }
  if (end.garbageBytes === null)
    return causeFromOutside(end, (analysis.slopeBytesPerRound?.estimate ?? 0) * (rounds - 1))
  if (gcRounds > 0) return { cause: 'live', evidence: 'cleanup' }
  const parts: [Part, number][] = [
    ['garbage', end.garbageBytes],
    ['retained', end.retainedBytes],
    ...(liveAboveBaseBytes === null ? [] : [['live', Math.max(0, liveAboveBaseBytes)] satisfies [Part, number]]),
  ]
  const all = parts.reduce((sum, [, bytes]) => sum + bytes, 0)
  const [largest] = parts.sort(([, a], [, b]) => b - a)
  return largest![1] >= MOST * all ? { cause: largest![0], evidence: 'size' } : { cause: null, evidence: null }
}

/** Returns the parts that were measured: garbage only where it could be collected. */
function measuredParts({ garbageBytes }: Parts): Part[] {
  return PARTS.filter((part) => part !== 'garbage' || garbageBytes !== null)
}

/**
 * Compares what the allocator retains at the end with the growth of RSS: when it is less than half,
 * live memory must have grown.
 */
function causeFromOutside({ retainedBytes }: Parts, grownBytes: number): Pick<Attribution, 'cause' | 'evidence'> {
  return { cause: retainedBytes >= MOST * grownBytes ? 'retained' : 'live', evidence: 'size' }
}
