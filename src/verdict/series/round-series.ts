/** End RSS of one trial over its rounds. */
export interface RoundSeries {
  /** Round numbers, rising. */
  rounds: readonly number[]
  bytes: readonly number[]
}

/** End RSS by round; null where it was not measured. */
export interface RoundBytes {
  round: number
  bytes: number | null
}

/** One trial: rounds with their bytes in any order, or bytes alone, counted from round 1. */
export type TrialRounds = readonly (number | null)[] | readonly RoundBytes[]

/**
 * Sorts the rounds of one trial. Rounds without a measurement are left out; of a round that is
 * given twice the later one counts.
 */
export function roundSeries(trial: TrialRounds): RoundSeries {
  const byRound = new Map<number, number>()
  for (const [i, given] of trial.entries()) {
    const { round, bytes } = typeof given === 'object' && given !== null ? given : { round: i + 1, bytes: given }
    if (bytes !== null && Number.isFinite(bytes) && Number.isFinite(round)) byRound.set(round, bytes)
  }
  const ordered = [...byRound].sort(([a], [b]) => a - b)
  return { rounds: ordered.map(([round]) => round), bytes: ordered.map(([, bytes]) => bytes) }
}
