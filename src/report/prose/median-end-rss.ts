import type { Comparison } from '../../results/comparison.js'
import { median } from '../../statistics/median.js'
import { judgedRounds } from '../../verdict/difference/setting-summary.js'

/**
 * Returns end RSS of the judged role by round, the median of the completed trials of a setting;
 * empty without a completed trial.
 */
export function medianEndRss({ trials, judge }: Pick<Comparison, 'trials' | 'judge'>, label: string): number[] {
  const byRound = new Map<number, number[]>()
  for (const trial of trials) {
    if (trial.setting !== label || trial.state !== 'completed') continue
    for (const { round, end } of judgedRounds(trial, judge)) {
      const values = byRound.get(round)
      if (values === undefined) byRound.set(round, [end.rssBytes])
      else values.push(end.rssBytes)
    }
  }
  return [...byRound].sort(([a], [b]) => a - b).map(([, values]) => median(values))
}
