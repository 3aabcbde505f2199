import { formatPercent, mib } from '../../shared/units.js'
import type { Difference } from '../../verdict/difference/compare-settings.js'
import type { SettingDifference } from '../../verdict/difference/difference.js'
import type { SettingSummary, Spread } from '../../verdict/difference/setting-summary.js'
import type { ReportModel } from '../html/report-model.js'

/** A table that every output prints: terminal, Markdown, page. */
export interface SummaryTable {
  title: string
  /** Explains how to read a cell. */
  note: string
  /** Name and unit of each column; the first is the setting. */
  columns: { name: string; unit: string }[]
  rows: { label: string; cells: Cell[] }[]
}

/** A number, and its spread or interval; empty where there is none. */
export interface Cell {
  value: string
  range: string
}

/** Returns the measurements of each setting: medians over its completed trials. */
export function measuredTable({ comparison, summaries }: ReportModel): SummaryTable {
  const { modelBytes } = comparison
  const toM = (bytes: number) => (modelBytes === null ? '' : (bytes / modelBytes).toFixed(2))
  const hasAccuracy = summaries.some(({ accuracy }) => accuracy !== null)
  const hasSampled = summaries.some(({ hasSampledPeaks }) => hasSampledPeaks)
  const columns: { name: string; unit: string; cell(summary: SettingSummary): Cell }[] = [
    { name: 'trials', unit: '', cell: trialsCell },
    { name: 'initial RSS', unit: 'MiB', cell: (of) => spreadCell(of.initialRssBytes, mib) },
    { name: 'peak', unit: 'MiB', cell: (of) => spreadCell(of.peakBytes, mib, of.hasSampledPeaks ? '≥ ' : '') },
    {
      name: 'peak',
      unit: 'M',
      cell: (of) => spreadCell(modelBytes === null ? null : of.peakBytes, toM, of.hasSampledPeaks ? '≥ ' : ''),
    },
    { name: 'end RSS', unit: 'MiB', cell: (of) => spreadCell(of.endRssBytes, mib) },
    { name: 'increase', unit: 'MiB', cell: (of) => spreadCell(of.increaseBytes, mib) },
    { name: 'floor', unit: 'MiB', cell: (of) => spreadCell(of.floorBytes, mib) },
    { name: 'cleanup', unit: 'ms a round', cell: (of) => spreadCell(of.cleanupMsPerRound, (ms) => ms.toFixed(1)) },
    { name: 'round', unit: 's', cell: (of) => spreadCell(of.roundMs, (ms) => (ms / 1000).toFixed(ms < 9995 ? 3 : 1)) },
  ]
  if (hasAccuracy) {
    columns.push({
      name: 'accuracy',
      unit: '%',
      cell: (of) => spreadCell(of.accuracy, (share) => (share * 100).toFixed(1)),
    })
  }
  const sampled = hasSampled ? ' ≥: the peak was sampled and is a lower bound.' : ''
  return {
    title: `${comparison.name}: the ${comparison.judge}, by setting`,
    note: `Median of the trials, below it the lowest and the highest. Increase: end RSS of the last round minus initial RSS. Floor: lowest end RSS in the second half of the rounds.${sampled}`,
    columns: [{ name: 'setting', unit: '' }, ...columns.map(({ name, unit }) => ({ name, unit }))],
    rows: summaries.map((summary) => ({ label: summary.label, cells: columns.map(({ cell }) => cell(summary)) })),
  }
}

/** Returns what each setting changes against its baseline; undefined when nothing is compared. */
export function changeTable({ comparison, differences }: ReportModel): SummaryTable | undefined {
  if (differences.length === 0) return undefined
  const baselines = new Set(differences.map(({ baseline }) => baseline))
  const only = baselines.size === 1 ? [...baselines][0] : undefined
  const name = (change: SettingDifference) =>
    only === undefined ? `${change.label} against ${change.baseline}` : change.label
  return {
    title: `${comparison.name}: change against ${only ?? 'the baseline'}`,
    note: 'Difference of medians, below it its 95 % interval.',
    columns: [
      { name: 'setting', unit: '' },
      ...['peak', 'floor', 'increase'].map((column) => ({ name: column, unit: '%' })),
    ],
    rows: differences.map((change) => ({
      label: name(change),
      cells: [change.peak, change.floor, change.increase].map(changeCell),
    })),
  }
}

const MISSING: Cell = { value: 'n/a', range: '' }

function trialsCell({ trials, failedTrials }: SettingSummary): Cell {
  return { value: String(trials), range: failedTrials > 0 ? `${failedTrials} failed` : '' }
}

function spreadCell(spread: Spread | null, format: (value: number) => string, sign = ''): Cell {
  if (spread === null) return MISSING
  const range = spread.values.length > 1 ? `${format(spread.low)} to ${format(spread.high)}` : ''
  return { value: `${sign}${format(spread.median)}`, range }
}

function changeCell(change: Difference | null): Cell {
  if (change === null || change.share === null) return MISSING
  const { interval } = change
  if (interval === null) return { value: formatPercent(change.share), range: 'too few trials' }
  const range =
    interval.lowShare === null || interval.highShare === null
      ? 'no interval'
      : `${formatPercent(interval.lowShare)} to ${formatPercent(interval.highShare)}`
  return { value: formatPercent(change.share), range }
}
