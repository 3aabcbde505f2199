import type { HistorySeries } from '../../comparison/history/series.js'

/**
 * Returns the newest point of each series as github-action-benchmark reads it with `tool:
 * customSmallerIsBetter`: a list of name, unit and value,
 * https://github.com/benchmark-action/github-action-benchmark.
 */
export function githubActionBenchmark(series: readonly HistorySeries[]): string {
  const entries = series.map((one) => {
    const { value, low, high, commit, subject } = one.points.at(-1)!
    return {
      name: nameOf(one),
      unit: one.metric === 'slope' ? 'bytes a round' : 'bytes',
      value,
      range: `± ${Math.max(high - value, value - low)}`,
      extra: `${commit} ${subject}`,
    }
  })
  return `${JSON.stringify(entries, null, 2)}\n`
}

/**
 * Returns the same in the Bencher Metric Format,
 * https://bencher.dev/docs/reference/bencher-metric-format; the adapter is `json`.
 */
export function bencherMetrics(series: readonly HistorySeries[]): string {
  const metrics: Record<string, Record<string, { value: number; lower_value: number; upper_value: number }>> = {}
  for (const one of series) {
    const { value, low, high } = one.points.at(-1)!
    const benchmark = `${one.name} ${one.setting} ${one.judge}`
    metrics[benchmark] = {
      ...metrics[benchmark],
      [`${one.metric}-bytes`]: { value, lower_value: low, upper_value: high },
    }
  }
  return `${JSON.stringify(metrics, null, 2)}\n`
}

/**
 * Returns a table as apache/otava reads it with `type: csv`, `time_column: time` and `attributes:
 * [commit]`: a column for each series, a row for each commit. Otava treats commas and one kind of
 * quote specially; names contain neither.
 */
export function otavaCsv(series: readonly HistorySeries[]): string {
  const rows = new Map<string, { time: number; values: Map<string, number> }>()
  for (const one of series) {
    for (const { commit, committedMs, value } of one.points) {
      const row = rows.get(commit) ?? { time: committedMs, values: new Map() }
      row.values.set(columnOf(one), value)
      rows.set(commit, row)
    }
  }
  const columns = series.map(columnOf)
  const lines = [...rows].map(([commit, { time, values }]) =>
    [otavaTime(time), commit, ...columns.map((column) => values.get(column) ?? '')].join(','),
  )
  return `${['time,commit', ...columns].join(',')}\n${lines.map((line) => `${line}\n`).join('')}`
}

/** Formats a time as `2026-07-12 13:05:09 +0000`. */
function otavaTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} +0000`
}

function nameOf({ name, setting, judge, metric }: HistorySeries): string {
  return `${name} ${setting} ${judge} ${metric}`
}

function columnOf(series: HistorySeries): string {
  return `${nameOf(series)} ${series.machine}`.replaceAll(/[^\w.=-]+/g, '_')
}
