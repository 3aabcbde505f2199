import type { Scrape } from '../../recording/peaks/scrape.js'
import type { LiveRole, LiveStatus } from '../../verdict/live/live-status.js'
import { labelText } from '../export/openmetrics.js'

interface Value {
  labels: Record<string, string>
  value: number | null | undefined
}

/** Content type of the format (https://prometheus.io/docs/instrumenting/exposition_formats/). */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/**
 * Returns the answer to one scrape, in the text format of Prometheus. Unknown values are left out,
 * never 0.
 */
export function metricsText(status: LiveStatus, { processes, tree }: Scrape): string {
  const ofProcess = ({ process }: Scrape['processes'][number]) => ({
    role: process.role,
    process: process.name,
    pid: String(process.pid),
  })
  const { roles, limit } = status
  return [
    metric(
      'tidemark_rss_bytes',
      'Resident memory of a process now.',
      processes.map((one) => ({ labels: ofProcess(one), value: one.rssBytes })),
    ),
    metric(
      'tidemark_peak_bytes',
      'Highest resident memory of a process since this scraper asked before. exact: the mark of the kernel; sampled: the highest sample, a lower bound.',
      processes.map((one) => ({ labels: { ...ofProcess(one), kind: one.kind }, value: one.peakBytes })),
    ),
    metric('tidemark_tree_rss_bytes', 'Resident memory of all processes together at the newest sample.', [
      { labels: {}, value: status.tree.rssBytes },
    ]),
    metric(
      'tidemark_tree_peak_bytes',
      'Highest memory of all processes together since this scraper asked before, by their cgroup, page cache included.',
      [
        {
          labels: { kind: tree?.peak?.isExact === false ? 'sampled' : 'exact' },
          value: tree?.peak?.bytes,
        },
      ],
    ),
    metric('tidemark_tree_anon_bytes', 'Anonymous memory of the cgroup now.', [{ labels: {}, value: tree?.anonBytes }]),
    metric('tidemark_tree_cache_bytes', 'Page cache of the cgroup now.', [{ labels: {}, value: tree?.cacheBytes }]),
    metric(
      'tidemark_tree_oom_kills_total',
      'Processes of the cgroup that the kernel killed for lack of memory.',
      [{ labels: {}, value: tree?.events.oomKills }],
      'counter',
    ),
    metric(
      'tidemark_memory_pressure_seconds_total',
      'Time that some task waited for memory.',
      tree?.pressure ? [{ labels: { of: tree.pressure.of }, value: tree.pressure.someUs / 1e6 }] : [],
      'counter',
    ),
    metric(
      'tidemark_rounds_total',
      'Rounds that have ended, or windows of time where none are reported.',
      ofRoles(roles, ({ rounds }) => rounds),
      'counter',
    ),
    metric(
      'tidemark_round_peak_bytes',
      'Highest resident memory in the newest round.',
      ofRoles(roles, ({ recentRounds }) => recentRounds.at(-1)?.peakBytes),
    ),
    metric(
      'tidemark_round_end_rss_bytes',
      'Resident memory at the end of the newest round.',
      ofRoles(roles, ({ recentRounds }) => recentRounds.at(-1)?.endBytes),
    ),
    metric(
      'tidemark_growth_bytes_per_round',
      'Growth a round, with its 95 % interval.',
      bounds(roles, ({ rate }) => rate && [rate.bytesPerRound, rate.low, rate.high]),
    ),
    metric(
      'tidemark_verdict',
      'Verdict so far: 1 for the state that holds.',
      roles.map(({ role, verdict }) => ({ labels: { role, state: verdict.state }, value: 1 })),
    ),
    metric('tidemark_limit_bytes', 'The limit that forecasts are made for.', [{ labels: {}, value: limit?.bytes }]),
    metric('tidemark_limit_used_bytes', 'What counts against the limit now, of all processes that share it.', [
      { labels: {}, value: limit?.usedBytes },
    ]),
    metric(
      'tidemark_limit_forecast_rounds',
      'Rounds from now on until the limit is met, with the 90 % interval.',
      bounds(
        roles,
        ({ forecast }) => forecast && [forecast.rounds.estimate, forecast.rounds.low, forecast.rounds.high],
      ),
    ),
    metric(
      'tidemark_limit_forecast_seconds',
      'Time from now on until the limit is met, with the 90 % interval.',
      bounds(roles, ({ forecast }) => {
        const ms = forecast?.ms
        return ms && [ms.estimate / 1000, ms.low / 1000, ms.high === null ? null : ms.high / 1000]
      }),
    ),
  ].join('')
}

function ofRoles(roles: readonly LiveRole[], read: (role: LiveRole) => Value['value']): Value[] {
  return roles.map((role) => ({ labels: { role: role.role }, value: read(role) }))
}

function bounds(
  roles: readonly LiveRole[],
  valuesOf: (role: LiveRole) => readonly (number | null)[] | null | undefined,
): Value[] {
  return roles.flatMap((role) => {
    const [estimate, low, high] = valuesOf(role) ?? []
    return Object.entries({ estimate, low, high }).map(([bound, value]) => ({
      labels: { role: role.role, bound },
      value,
    }))
  })
}

/**
 * Formats one metric. The format allows one value per set of labels; of two, the higher one counts.
 */
function metric(name: string, help: string, values: readonly Value[], type: 'gauge' | 'counter' = 'gauge'): string {
  const lines = new Map<string, number>()
  for (const { labels, value } of values) {
    if (value === null || value === undefined || !Number.isFinite(value)) continue
    const text = labelText(labels)
    lines.set(text, Math.max(value, lines.get(text) ?? Number.NEGATIVE_INFINITY))
  }
  if (lines.size === 0) return ''
  const rows = [...lines].map(([labels, value]) => `${name}${labels === '' ? '' : `{${labels}}`} ${value}\n`)
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${rows.join('')}`
}
