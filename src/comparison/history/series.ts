import { eDivisive, type LevelShift } from '../../statistics/change-points/e-divisive.js'
import { mean } from '../../statistics/mean.js'
import { isSameType } from '../baseline/baseline-file.js'
import type { HistoryEntry } from './history-entry.js'

export type HistoryMetric = 'peak' | 'end' | 'slope'

export interface HistoryPoint {
  commit: string
  subject: string
  committedMs: number
  /** Mean of the trials. */
  value: number
  low: number
  high: number
  outcome: string | null
}

/** The values over time of one metric of one setting on one type of machine. */
export interface HistorySeries {
  name: string
  setting: string
  judge: string
  metric: HistoryMetric
  /** Machine of its first entry: `host-1, 4 cores, x64`. */
  machine: string
  points: HistoryPoint[]
  changes: LevelShift[]
}

/**
 * Longest series that is judged whole; longer ones are judged by their end, because the change
 * points of a thousand commits take a second.
 */
const MOST_POINTS = 1000

/**
 * Splits a history into series. Different jobs and types of machine get their own, since their
 * memory is not comparable.
 *
 * @param entries in the order of history
 */
export function seriesOf(entries: readonly HistoryEntry[], metric: HistoryMetric): HistorySeries[] {
  const groups: HistoryEntry[][] = []
  for (const entry of entries) {
    const group = groups.find(([first]) => isOfSeries(first!, entry))
    if (group === undefined) groups.push([entry])
    else group.push(entry)
  }
  return groups.flatMap((group) => {
    const points = group.flatMap((entry) => pointOf(entry, metric)).slice(-MOST_POINTS)
    if (points.length === 0) return []
    const { name, setting, judge, machine } = group[0]!
    const changes = eDivisive(points.map(({ value }) => value))
    const where = `${machine.hostname}, ${machine.cores} cores, ${machine.arch}`
    return [{ name, setting, judge, metric, machine: where, points, changes }]
  })
}

function isOfSeries(one: HistoryEntry, other: HistoryEntry): boolean {
  return (
    one.name === other.name &&
    one.setting === other.setting &&
    one.judge === other.judge &&
    JSON.stringify(one.job) === JSON.stringify(other.job) &&
    isSameType(one as Parameters<typeof isSameType>[0], other as Parameters<typeof isSameType>[1])
  )
}

function pointOf(entry: HistoryEntry, metric: HistoryMetric): HistoryPoint[] {
  const values = { peak: entry.peakBytes, end: entry.floorBytes, slope: entry.slopeBytesPerRound }[metric]
  if (values.length === 0) return []
  const { commit, subject, committedMs, outcome } = entry
  return [
    { commit, subject, committedMs, outcome, value: mean(values), low: Math.min(...values), high: Math.max(...values) },
  ]
}
