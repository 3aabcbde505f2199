import type { RoundRecord } from '../recording.js'

/** Rounds from one cleanup to the next, and the source of this number. 0: there is no cleanup. */
export interface CleanupPeriod {
  rounds: number
  from: { kind: 'own axis' | 'axis'; axis: string } | { kind: 'log' }
}

/** Axes of Tidemark's own jobs. */
const OWN_AXES = ['serverMemoryGcRounds', 'memoryGcRounds']
const WORDS_OF_CLEANUP = ['gc', 'collect', 'collection', 'cleanup', 'clean', 'trim']
const WORDS_BESIDE = ['server', 'memory', 'mem', 'garbage', 'up', 'round', 'rounds', 'every', 'n', 'interval', 'period']

/**
 * Returns the period from a setting: one of Tidemark's own axes, or an axis whose name consists of
 * such words only, like `gc`, `gc_rounds`, `GC_EVERY` and `memoryGcRounds`. `gc_threshold` is
 * something else, and so is `client_gc`.
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

/**
 * Returns the period from the cleanups that a log reported; undefined if it reported none, or if
 * their distances differ.
 */
export function periodOfRounds(rounds: readonly Pick<RoundRecord, 'round' | 'cleanupMs'>[]): CleanupPeriod | undefined {
  const last = Math.max(0, ...rounds.map(({ round }) => round))
  const cleaned = [...new Set(rounds.flatMap(({ round, cleanupMs }) => (cleanupMs === undefined ? [] : [round])))]
  const distances = cleaned.sort((a, b) => a - b).map((round, i) => round - (cleaned[i - 1] ?? 0))
  const [first] = distances
  if (first === undefined || distances.some((distance) => distance !== first)) return undefined
  // A further cleanup was due but did not come, so there is no period.
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
