import { mean } from '../../statistics/mean.js'
import { median } from '../../statistics/median.js'
import { sampleVariance } from '../../statistics/sample-variance.js'
import type { ExportedTrial, ExportSource } from './export-source.js'

/**
 * Returns the JSON of hyperfine's `--export-json`, for its scripts: a result for each setting, with
 * the times of its completed trials in seconds. `memory_usage_byte` is the highest peak of any
 * process of the trial. Processor time is null, since it was not measured.
 */
export function hyperfineOf({ comparison, trials }: ExportSource): { results: unknown[] } {
  const settings = comparison?.settings.map(({ label, values }) => ({ label, values })) ?? [
    { label: trials[0]!.recording().head.command.join(' '), values: trials[0]!.values },
  ]
  return {
    results: settings.map(({ label, values }) => ({
      command: label,
      ...ofTrials(trials.filter(({ result }) => result === undefined || result.setting === label)),
      parameters: Object.fromEntries(Object.entries(values).map(([axis, value]) => [axis, String(value)])),
    })),
  }
}

function ofTrials(trials: readonly ExportedTrial[]): Record<string, unknown> {
  const runs = trials.filter(({ result }) => result === undefined || result.state === 'completed').map(runOf)
  const times = runs.flatMap(({ seconds }) => seconds ?? [])
  const some = times.length > 0
  return {
    mean: some ? mean(times) : null,
    stddev: times.length > 1 ? Math.sqrt(sampleVariance(times)) : null,
    median: some ? median(times) : null,
    user: null,
    system: null,
    min: some ? Math.min(...times) : null,
    max: some ? Math.max(...times) : null,
    times,
    memory_usage_byte: runs.map(({ peakBytes }) => peakBytes),
    exit_codes: runs.map(({ exitCode }) => exitCode),
  }
}

function runOf({ result, recording }: ExportedTrial): {
  seconds: number | null
  peakBytes: number | null
  exitCode: number | null
} {
  const { head } = recording()
  const peaks = head.processes.flatMap(({ peakBytes }) => peakBytes ?? [])
  const [startedMs, endedMs] = [result?.startedMs ?? head.startedMs, result?.endedMs ?? head.endedMs]
  return {
    seconds: endedMs === null ? null : (endedMs - startedMs) / 1000,
    peakBytes: peaks.length === 0 ? null : Math.max(...peaks),
    exitCode: result === undefined ? (head.processes[0]?.exit?.code ?? null) : 0,
  }
}
