import { median } from '../../statistics/median.js'
import type { RoundRecord } from '../recording.js'
import type { HeapCost } from './heap-growth.js'
import type { Look, MeasuredProcess } from './measured-process.js'

/**
 * Minimum number of rounds on each side; the median of fewer says more about them than about the
 * cost.
 */
const LEAST_ROUNDS = 3

/**
 * Returns the cost of measuring: rounds during it against those after it stopped, if the program
 * continued.
 */
export function costOf(
  { pid, freedByStopBytes }: MeasuredProcess,
  looks: readonly Look[],
  {
    recordedRounds,
    fromRound,
    toRound,
  }: { recordedRounds: readonly RoundRecord[]; fromRound: number; toRound: number },
): HeapCost {
  const own = recordedRounds.filter((round) => round.pid === pid)
  const rounds = own.length > 0 ? own : recordedRounds
  const lookedAt = new Set(looks.flatMap(({ round }) => [round, round + 1]))
  // The first rounds warm up, and rounds with a look include its pause.
  const measured = rounds.filter(({ round }) => round > 1 && round < toRound && !lookedAt.has(round))
  const after = rounds.filter(({ round }) => round > toRound + 1)
  const before = rounds.filter(({ round }) => round > 1 && round < fromRound)
  return {
    stoodMs: looks.reduce((sum, { stoodMs }) => sum + stoodMs, 0),
    roundMs: medianOf(measured.length >= LEAST_ROUNDS ? measured : before),
    roundMsWithout: medianOf(after),
    freedByStopBytes,
  }
}

function medianOf(rounds: readonly RoundRecord[]): number | null {
  return rounds.length < LEAST_ROUNDS ? null : median(rounds.map(({ startedMs, endedMs }) => endedMs - startedMs))
}
