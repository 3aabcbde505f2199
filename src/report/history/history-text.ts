import type { HistorySeries } from '../../comparison/history/series.js'
import { printableLine } from '../../shared/printable.js'
import { count } from '../../shared/text.js'
import { formatBytes, formatPercent } from '../../shared/units.js'
import { escapeMarkdown } from '../prose/escape-markdown.js'

/** Describes the course of each series: its current level, and where the level shifted. */
export function historyText(series: readonly HistorySeries[]): string {
  return series
    .map((one) =>
      [`${titleOf(one)}`, `  ${standsAt(one)}`, ...changesOf(one).map((line) => `  ${line}`), ''].join('\n'),
    )
    .join('\n')
}

/** Returns the same as Markdown, for the step summary of a workflow. */
export function historyMarkdown(series: readonly HistorySeries[]): string {
  const parts = series.map((one) => {
    const rows = one.changes.map(({ at, before, after, pValue }) => {
      const point = one.points[at]!
      return `| \`${point.commit.slice(0, 10)}\` | ${escapeMarkdown(printableLine(point.subject))} | ${amount(one, before)} | ${amount(one, after)} | ${changeOf(one, before, after)} | ${probability(pValue)} |`
    })
    const table = ['| commit | | was | is | change | p |', '| --- | --- | ---: | ---: | ---: | ---: |', ...rows].join(
      '\n',
    )
    return [
      `### ${escapeMarkdown(titleOf(one))}`,
      escapeMarkdown(standsAt(one)),
      ...(rows.length === 0 ? [] : [table]),
    ].join('\n\n')
  })
  return `${parts.join('\n\n')}\n`
}

function titleOf({ name, setting, judge, metric, machine }: HistorySeries): string {
  return printableLine(`${name}, ${setting}: ${metric} of the ${judge} on ${machine}`)
}

function standsAt(series: HistorySeries): string {
  const { points, changes } = series
  const last = points.at(-1)!
  const found = changes.length === 0 ? 'no change point' : count(changes.length, 'change point')
  return `${count(points.length, 'measurement')}, now ${amount(series, last.value)} at ${last.commit.slice(0, 10)}; ${found}`
}

function changesOf(series: HistorySeries): string[] {
  const { points, changes } = series
  return changes.map(({ at, before, after, pValue }) => {
    const [previous, point] = [points[at - 1]!, points[at]!]
    const range = `${previous.commit.slice(0, 10)}..${point.commit.slice(0, 10)}`
    return `${after > before ? 'rose' : 'fell'} ${changeOf(series, before, after)} to ${amount(series, after)} in ${range}: ${printableLine(point.subject)} (p ${probability(pValue)})`
  })
}

function changeOf({ metric }: HistorySeries, before: number, after: number): string {
  const sign = after > before ? '+' : ''
  const share = metric === 'slope' || before <= 0 ? '' : ` (${formatPercent((after - before) / before)})`
  return `${sign}${formatBytes(after - before)}${share}`
}

function amount({ metric }: HistorySeries, bytes: number): string {
  return `${formatBytes(bytes)}${metric === 'slope' ? ' a round' : ''}`
}

function probability(pValue: number): string {
  return pValue < 1e-4 ? '< 0.0001' : pValue.toPrecision(2)
}
