import type { RecordedProcess } from '../../recording/recording.js'
import { type ExportedTrial, type ExportSource, roundsOf } from './export-source.js'
import { samplesOf } from './tables.js'

/** One data point. OTLP's JSON encoding writes 64-bit integers as strings. */
interface DataPoint {
  timeUnixNano: string
  asInt: string
}

/**
 * Returns metrics in the JSON of OTLP, an `ExportMetricsServiceRequest` as a collector's
 * /v1/metrics accepts it: a resource for each process, `process.memory.usage` by OpenTelemetry's
 * semantic conventions, and names of our own where these define none.
 */
export function otlpOf({ trials }: ExportSource): { resourceMetrics: unknown[] } {
  return { resourceMetrics: trials.flatMap(resourcesOf) }
}

function resourcesOf(trial: ExportedTrial): unknown[] {
  const { head } = trial.recording()
  const samples = new Map<number, DataPoint[]>()
  for (const { pid, timeMs, rssBytes } of samplesOf(trial)) {
    const own = samples.get(pid)
    if (own === undefined) samples.set(pid, [pointOf(timeMs, rssBytes)])
    else own.push(pointOf(timeMs, rssBytes))
  }
  return head.processes.map((process) => ({
    resource: { attributes: attributesOf(trial, process, head.machine.hostname) },
    scopeMetrics: [
      {
        scope: { name: 'tidemark' },
        metrics: [usage(samples.get(process.pid) ?? []), ...roundMetrics(trial, process)].filter(
          (metric) => metric !== undefined,
        ),
      },
    ],
  }))
}

function attributesOf({ result, values }: ExportedTrial, process: RecordedProcess, host: string): unknown[] {
  const texts = {
    'service.name': process.role,
    'service.instance.id': process.name,
    'host.name': host,
    'process.command_line': process.command,
    ...(result === undefined ? {} : { 'tidemark.setting': result.setting, 'tidemark.trial': String(result.trial) }),
    ...Object.fromEntries(Object.entries(values).map(([axis, value]) => [`tidemark.setting.${axis}`, String(value)])),
  }
  return [
    { key: 'process.pid', value: { intValue: String(process.pid) } },
    ...Object.entries(texts).map(([key, stringValue]) => ({ key, value: { stringValue } })),
  ]
}

/**
 * Returns an up-down counter, as the conventions define it: a sum that is not monotonic, cumulative
 * (2).
 */
function usage(dataPoints: DataPoint[]): unknown {
  if (dataPoints.length === 0) return undefined
  return {
    name: 'process.memory.usage',
    description: 'The amount of physical memory in use.',
    unit: 'By',
    sum: { aggregationTemporality: 2, isMonotonic: false, dataPoints },
  }
}

function roundMetrics(trial: ExportedTrial, { pid }: RecordedProcess): unknown[] {
  const rounds = roundsOf(trial).filter((round) => round.pid === pid)
  const gauge = (name: string, description: string, of: (round: (typeof rounds)[number]) => number | null) => {
    const dataPoints = rounds.flatMap((round) => {
      const value = of(round)
      return value === null ? [] : [{ ...pointOf(round.endedMs, value), attributes: roundAttribute(round.round) }]
    })
    return dataPoints.length === 0 ? [] : [{ name, description, unit: 'By', gauge: { dataPoints } }]
  }
  return [
    ...gauge('tidemark.round.peak', 'Highest RSS in the round.', ({ peakBytes }) => peakBytes),
    ...gauge('tidemark.round.end_rss', 'RSS at the end of the round.', ({ end }) => end.rssBytes),
  ]
}

function roundAttribute(round: number): unknown[] {
  return [{ key: 'tidemark.round', value: { intValue: String(round) } }]
}

function pointOf(timeMs: number, value: number): DataPoint {
  return { timeUnixNano: String(BigInt(Math.round(timeMs * 1000)) * 1000n), asInt: String(Math.round(value)) }
}
