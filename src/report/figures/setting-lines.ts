import { median } from 'd3'
import type { ReportData, ReportProcess } from '../html/report-data.js'

/** End RSS of one round of one trial, in bytes. */
export interface TrialRow {
  setting: string
  trial: number
  round: number
  bytes: number
}

/** One round of a setting over its completed trials, in bytes. */
export interface RoundBand {
  setting: string
  round: number
  median: number
  low: number
  high: number
  trials: number
}

/**
 * Returns end RSS by round of completed trials. Where several processes have the judged role, the
 * one with the highest peak represents the trial, as in the verdict.
 */
export function standingLines(data: ReportData): TrialRow[] {
  return data.trials.flatMap(({ setting, trial, state, processes }) => {
    if (state !== 'completed') return []
    const judged = processes.filter(({ role, rounds }) => role === data.judge && rounds.length > 0)
    const [highest] = [...judged].sort((a, b) => heightOf(b) - heightOf(a))
    return (highest?.rounds ?? []).map(({ round, endRssBytes }) => ({ setting, trial, round, bytes: endRssBytes }))
  })
}

/** Returns bands by setting and round, in ascending order of rounds. */
export function bandsOf(rows: readonly TrialRow[]): RoundBand[] {
  const groups = new Map<string, TrialRow[]>()
  for (const row of rows) {
    const key = `${row.round} ${row.setting}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [row])
    else group.push(row)
  }
  return [...groups.values()]
    .map((group) => {
      const bytes = group.map((row) => row.bytes)
      const { setting, round } = group[0]!
      return {
        setting,
        round,
        median: median(bytes)!,
        low: Math.min(...bytes),
        high: Math.max(...bytes),
        trials: bytes.length,
      }
    })
    .sort((a, b) => a.round - b.round)
}

function heightOf({ rounds }: ReportProcess): number {
  return Math.max(...rounds.map(({ peakBytes, endRssBytes }) => peakBytes ?? endRssBytes))
}
