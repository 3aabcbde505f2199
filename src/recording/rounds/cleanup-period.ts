import type { RoundRecord } from '../recording.js'

/** Rounds from one cleanup to the next, and how that is known. 0: there is no cleanup. */
export interface CleanupPeriod {
  rounds: number
  from: { kind: 'own axis' | 'axis'; axis: string } | { kind: 'log' }
}

/** The axes of our own jobs. */
const OWN_AXES = ['serverMemoryGcRounds', 'memoryGcRounds']
const WORDS_OF_CLEANUP = ['gc', 'collect', 'collection', 'cleanup', 'clean', 'trim']
const WORDS_BESIDE = ['server', 'memory', 'mem', 'garbage', 'up', 'round', 'rounds', 'every', 'n', 'interval', 'period']

/**
 * As a setting says: by one of our own axes, or by an axis whose name is made of such words alone, as are `gc`, `gc_rounds`,
 * `GC_EVERY` and `memoryGcRounds`. `gc_threshold` is another thing, and so is `client_gc`.
 */
export function periodOfSetting(values: Readonly<Record<string, unknown>>): CleanupPeriod | undefined {
  for (const axis of OWN_AXES) {
    const rounds = wholeNumber(values[axis])
    if (rounds !== undefined) return { rounds, from: { kind: 'own axis', axis } }
  }
  for (const [axis, value] of Object.entries(values)) {
    const rounds = isNamedLikeCleanup(axis) ? wholeNumber(value) : undefined
    if (rounds !== undefined) return { rounds, from: { kind: 'axis', axis } }
  }
  return undefined
}

/** As a log tells of cleanups: undefined where it tells of none, or where they do not come at one distance. */
export function periodOfRounds(rounds: readonly Pick<RoundRecord, 'round' | 'cleanupMs'>[]): CleanupPeriod | undefined {
  const last = Math.max(0, ...rounds.map(({ round }) => round))
  const cleaned = [...new Set(rounds.flatMap(({ round, cleanupMs }) => (cleanupMs === undefined ? [] : [round])))]
  const distances = cleaned.sort((a, b) => a - b).map((round, i) => round - (cleaned[i - 1] ?? 0))
  const [first] = distances
  if (first === undefined || distances.some((distance) => distance !== first)) return undefined
  // Another one was due since: it was no series.
  return last - cleaned.at(-1)! >= first ? undefined : { rounds: first, from: { kind: 'log' } }
}

function isNamedLikeCleanup(axis: string): boolean {
  const words = axis
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
  return (
    words.some((word) => WORDS_OF_CLEANUP.includes(word)) &&
    words.every((word) => WORDS_OF_CLEANUP.includes(word) || WORDS_BESIDE.includes(word))
  )
}

function wholeNumber(value: unknown): number | undefined {
  if (typeof value === 'string' && !/^\d+$/.test(value)) return undefined
  const number = typeof value === 'string' || typeof value === 'number' ? Number(value) : Number.NaN
  return Number.isSafeInteger(number) && number >= 0 ? number : undefined
}
