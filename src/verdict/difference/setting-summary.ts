import { COMBINED_PID, type RoundRecord } from '../../recording/recording.js'
import type { TrialResult } from '../../results/comparison.js'
import { mean } from '../../statistics/mean.js'
import { median } from '../../statistics/median.js'

/**
 * One number over several trials. `low` and `high` are the smallest and largest trial; all values
 * are kept.
 */
export interface Spread {
  median: number
  low: number
  high: number
  values: number[]
}

/** Memory of the judged role in one setting, over its completed trials. Null: not measured. */
export interface SettingSummary {
  label: string
  trials: number
  failedTrials: number
  /** RSS before the model was loaded. */
  initialRssBytes: Spread | null
  /** Highest exact peak of any round. */
  peakBytes: Spread | null
  /** True when any of the peaks was sampled, and is therefore a lower bound. */
  hasSampledPeaks: boolean
  /** End RSS of the last round. */
  endRssBytes: Spread | null
  /** End RSS of the last round minus initial RSS. */
  increaseBytes: Spread | null
  /**
   * Lowest end RSS in the second half of the rounds: the level that cleanup, or the allocator
   * itself, returns to.
   */
  floorBytes: Spread | null
  /**
   * Cleanup time divided by all rounds of the trial; zero when cleanup is off, null where only the
   * program could know it.
   */
  cleanupMsPerRound: Spread | null
  roundMs: Spread | null
  /** Accuracy of the last round. */
  accuracy: Spread | null
}

/**
 * Summarizes one setting over its completed trials. Failed trials are counted, stopped ones left
 * out.
 *
 * Where several processes have the judged role, records of all together stand for the trial if
 * there are any; otherwise (peers) the process with the highest peak does.
 *
 * @param trials trials of this setting
 * @param judge the role that is judged
 */
export function summarizeSetting(
  label: string,
  trials: readonly TrialResult[],
  { judge }: { judge: string },
): SettingSummary {
  const completed = trials
    .filter(({ state }) => state === 'completed')
    .map((trial) => ({ rounds: judgedRounds(trial, judge), initialRssBytes: trial.initialRssBytes }))
  const over = (value: (rounds: RoundRecord[], initialRssBytes: number | null) => number | null) =>
    spreadOf(
      completed.map(({ rounds, initialRssBytes }) => (rounds.length === 0 ? null : value(rounds, initialRssBytes))),
    )
  return {
    label,
    trials: completed.length,
    failedTrials: trials.filter(({ state }) => state === 'failed').length,
    initialRssBytes: spreadOf(completed.map(({ initialRssBytes }) => initialRssBytes)),
    peakBytes: over(highestPeak),
    hasSampledPeaks: completed.some(({ rounds }) => rounds.some(({ peakKind }) => peakKind === 'sampled')),
    endRssBytes: over((rounds) => rounds.at(-1)!.end.rssBytes),
    increaseBytes: over((rounds, initial) => (initial === null ? null : rounds.at(-1)!.end.rssBytes - initial)),
    floorBytes: over(floorOf),
    cleanupMsPerRound: over((rounds) =>
      rounds.every(({ work }) => work === null) ? null : mean(rounds.map(({ cleanup }) => cleanup?.totalMs ?? 0)),
    ),
    roundMs: over((rounds) => mean(rounds.map(({ startedMs, endedMs }) => endedMs - startedMs))),
    accuracy: over((rounds) => rounds.at(-1)!.accuracy),
  }
}

/** Returns the rounds, in order, of the process that stands for the judged role. */
export function judgedRounds(trial: TrialResult, judge: string): RoundRecord[] {
  const byProcess = new Map<number, RoundRecord[]>()
  for (const round of trial.rounds.filter(({ role }) => role === judge)) {
    byProcess.set(round.pid, [...(byProcess.get(round.pid) ?? []), round])
  }
  const combined = byProcess.get(COMBINED_PID)
  if (combined !== undefined) return combined.sort((a, b) => a.round - b.round)
  const height = (rounds: RoundRecord[]) => Math.max(...rounds.map(({ end, peakBytes }) => peakBytes ?? end.rssBytes))
  const [highest] = [...byProcess.values()].sort((a, b) => height(b) - height(a))
  return (highest ?? []).sort((a, b) => a.round - b.round)
}

function highestPeak(rounds: readonly RoundRecord[]): number | null {
  const peaks = rounds.flatMap(({ peakBytes }) => (peakBytes === null ? [] : [peakBytes]))
  return peaks.length === 0 ? null : Math.max(...peaks)
}

function floorOf(rounds: readonly RoundRecord[]): number {
  return Math.min(...rounds.slice(Math.floor(rounds.length / 2)).map(({ end }) => end.rssBytes))
}

function spreadOf(measured: readonly (number | null)[]): Spread | null {
  const values = measured.filter((value) => value !== null)
  if (values.length === 0) return null
  return { median: median(values), low: Math.min(...values), high: Math.max(...values), values }
}
