import { type ExportedTrial, type ExportSource, roundsOf } from './export-source.js'
import { samplesOf } from './tables.js'

type Labels = Record<string, string>
type Point = { labels: Labels; timeMs: number; value: number }

/**
 * Yields OpenMetrics text with the time of every value, which `promtool tsdb create-blocks-from
 * openmetrics` imports into Prometheus. RSS has the name that Prometheus's own clients use; metrics
 * without such a name have ours.
 */
export function* openMetricsOf(source: ExportSource): Generator<string> {
  const { trials } = source
  yield* metric('process_resident_memory_bytes', 'Resident memory of a process, by samples.', trials, (trial) =>
    map(samplesOf(trial), ({ role, name, pid, timeMs, rssBytes }) => ({
      labels: { role, name, pid: String(pid) },
      timeMs,
      value: rssBytes,
    })),
  )
  for (const { name, help, of } of OF_ROUNDS)
    yield* metric(name, help, trials, (trial) =>
      roundsOf(trial).flatMap((round) => {
        const value = of(round)
        if (value === null) return []
        const labels = { role: round.role, name: round.name, pid: String(round.pid) }
        return [{ labels, timeMs: round.endedMs, value }]
      }),
    )
  yield '# EOF\n'
}

type Round = ReturnType<typeof roundsOf>[number]

/**
 * Metrics of rounds, each at the end of its round. A label for the round would make every value a
 * series.
 */
const OF_ROUNDS: { name: string; help: string; of(round: Round): number | null }[] = [
  { name: 'tidemark_round', help: 'Number of the round that ended.', of: ({ round }) => round },
  { name: 'tidemark_round_peak_bytes', help: 'Highest RSS in the round.', of: ({ peakBytes }) => peakBytes },
  { name: 'tidemark_round_end_rss_bytes', help: 'RSS at the end of the round.', of: ({ end }) => end.rssBytes },
]

/**
 * Yields one metric. The format requires that values with the same labels stand together, ordered
 * by time.
 */
function* metric(
  name: string,
  help: string,
  trials: readonly ExportedTrial[],
  pointsOf: (trial: ExportedTrial) => Iterable<Point>,
): Generator<string> {
  const unit = name.endsWith('_bytes') ? [`# UNIT ${name} bytes\n`] : []
  yield* [`# HELP ${name} ${help}\n`, `# TYPE ${name} gauge\n`, ...unit]
  for (const trial of trials) {
    const series = new Map<string, Point[]>()
    for (const point of pointsOf(trial)) {
      const labels = labelText({ ...labelsOf(trial), ...point.labels })
      const own = series.get(labels)
      if (own === undefined) series.set(labels, [point])
      else own.push(point)
    }
    for (const [labels, points] of series) yield* linesOf(name, labels, points)
  }
}

/**
 * Yields the samples of one series. The format allows one value per moment; of two, the later one
 * counts.
 */
function* linesOf(name: string, labels: string, points: readonly Point[]): Generator<string> {
  const byTime = new Map<string, number>()
  for (const { timeMs, value } of [...points].sort((a, b) => a.timeMs - b.timeMs))
    byTime.set((timeMs / 1000).toFixed(3), value)
  for (const [seconds, value] of byTime) yield `${name}{${labels}} ${value} ${seconds}\n`
}

function labelsOf({ result }: ExportedTrial): Labels {
  return result === undefined ? {} : { setting: result.setting, trial: String(result.trial) }
}

export function labelText(labels: Labels): string {
  const quoted = (value: string) => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${quoted(value)}"`)
    .join(',')
}

function* map<T, U>(values: Iterable<T>, of: (value: T) => U): Generator<U> {
  for (const value of values) yield of(value)
}
