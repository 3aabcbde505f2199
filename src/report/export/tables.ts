import { UNNAMED_ROLE } from '../../recording/processes/process-name.js'
import type { Recording, RoundRecord } from '../../recording/recording.js'
import { readPssLog } from '../../recording/storage/read-pss-log.js'
import { type ExportedTrial, type ExportSource, roundsOf } from './export-source.js'

export type Cell = string | number | null

/**
 * A table with one type per column, which Parquet needs and CSV ignores. Whole numbers are `INT64`.
 */
export interface ExportTable {
  columns: { name: string; type: 'STRING' | 'INT64' | 'DOUBLE' }[]
  rows(): Iterable<Cell[]>
}

export const EXPORT_TABLES = ['rounds', 'samples', 'shared'] as const
export type ExportTableName = (typeof EXPORT_TABLES)[number]

export function exportTable(source: ExportSource, name: ExportTableName): ExportTable {
  const trial = trialColumns(source)
  const own = { rounds: ROUND_COLUMNS, samples: SAMPLE_COLUMNS, shared: SHARED_COLUMNS }[name]
  return {
    columns: [...trial.map(({ name, type }) => ({ name, type })), ...own.map(({ name, type }) => ({ name, type }))],
    *rows() {
      for (const one of source.trials) {
        const cells = trial.map(({ of }) => of(one))
        if (name === 'rounds')
          for (const round of roundsOf(one)) yield [...cells, ...ROUND_COLUMNS.map(({ of }) => of(round))]
        else if (name === 'samples')
          for (const sample of samplesOf(one)) yield [...cells, ...SAMPLE_COLUMNS.map(({ of }) => of(sample))]
        else for (const reading of sharedOf(one)) yield [...cells, ...SHARED_COLUMNS.map(({ of }) => of(reading))]
      }
    },
  }
}

interface Column<T> {
  name: string
  type: 'STRING' | 'INT64' | 'DOUBLE'
  of(row: T): Cell
}

/**
 * Returns the columns that identify a row's trial, and one for each axis. A single recording has
 * only those of its setting.
 */
function trialColumns({ comparison, trials }: ExportSource): Column<ExportedTrial>[] {
  const axes = [...new Set(trials.flatMap(({ values }) => Object.keys(values)))]
  const ofAxes = axes.map((axis): Column<ExportedTrial> => {
    const isNumeric = trials.every(({ values }) => typeof values[axis] === 'number')
    return {
      name: `setting_${axis}`,
      type: isNumeric ? 'DOUBLE' : 'STRING',
      of: ({ values }) => (isNumeric ? Number(values[axis]) : String(values[axis])),
    }
  })
  if (comparison === undefined) return ofAxes
  return [
    { name: 'setting', type: 'STRING', of: ({ result }) => result!.setting },
    { name: 'trial', type: 'INT64', of: ({ result }) => result!.trial },
    { name: 'state', type: 'STRING', of: ({ result }) => result!.state },
    ...ofAxes,
  ]
}

const ROUND_COLUMNS: Column<RoundRecord>[] = [
  { name: 'role', type: 'STRING', of: ({ role }) => role },
  { name: 'name', type: 'STRING', of: ({ name }) => name },
  { name: 'pid', type: 'INT64', of: ({ pid }) => pid },
  { name: 'round', type: 'INT64', of: ({ round }) => round },
  { name: 'started_ms', type: 'DOUBLE', of: ({ startedMs }) => startedMs },
  { name: 'ended_ms', type: 'DOUBLE', of: ({ endedMs }) => endedMs },
  { name: 'peak_bytes', type: 'INT64', of: ({ peakBytes }) => peakBytes },
  { name: 'peak_kind', type: 'STRING', of: ({ peakKind }) => peakKind },
  { name: 'work_rss_bytes', type: 'INT64', of: ({ work }) => work?.rssBytes ?? null },
  { name: 'end_rss_bytes', type: 'INT64', of: ({ end }) => end.rssBytes },
  { name: 'end_rss_anon_bytes', type: 'INT64', of: ({ end }) => end.rssAnonBytes },
  { name: 'end_rss_file_bytes', type: 'INT64', of: ({ end }) => end.rssFileBytes },
  { name: 'end_rss_shmem_bytes', type: 'INT64', of: ({ end }) => end.rssShmemBytes },
  { name: 'cleanup_ms', type: 'DOUBLE', of: ({ cleanup }) => cleanup?.totalMs ?? null },
  { name: 'accuracy', type: 'DOUBLE', of: ({ accuracy }) => accuracy },
]

interface ExportedSample {
  timeMs: number
  pid: number
  rssBytes: number
  role: string
  name: string
}

const SAMPLE_COLUMNS: Column<ExportedSample>[] = [
  { name: 'role', type: 'STRING', of: ({ role }) => role },
  { name: 'name', type: 'STRING', of: ({ name }) => name },
  { name: 'pid', type: 'INT64', of: ({ pid }) => pid },
  { name: 'time_ms', type: 'DOUBLE', of: ({ timeMs }) => timeMs },
  { name: 'rss_bytes', type: 'INT64', of: ({ rssBytes }) => rssBytes },
]

interface ExportedShared extends Omit<ExportedSample, 'rssBytes'> {
  pssBytes: number
  ussBytes: number
}

const SHARED_COLUMNS: Column<ExportedShared>[] = [
  { name: 'role', type: 'STRING', of: ({ role }) => role },
  { name: 'name', type: 'STRING', of: ({ name }) => name },
  { name: 'pid', type: 'INT64', of: ({ pid }) => pid },
  { name: 'time_ms', type: 'DOUBLE', of: ({ timeMs }) => timeMs },
  { name: 'pss_bytes', type: 'INT64', of: ({ pssBytes }) => pssBytes },
  { name: 'uss_bytes', type: 'INT64', of: ({ ussBytes }) => ussBytes },
]

/** Yields the readings of `--pss`, one row per process and moment. */
function* sharedOf(trial: ExportedTrial): Generator<ExportedShared> {
  const { folder, head } = trial.recording()
  const nameOf = namesOf(head)
  for (const { timeMs, pid, pssBytes, ussBytes } of readPssLog(folder))
    yield { timeMs, pid, pssBytes, ussBytes, ...nameOf(pid) }
}

function namesOf({ processes }: Recording['head']): (pid: number) => { role: string; name: string } {
  const named = new Map(processes.map(({ pid, role, name }) => [pid, { role, name }]))
  return (pid) => named.get(pid) ?? { role: UNNAMED_ROLE, name: '' }
}

/** Yields one row per process and moment, ordered by time. */
export function* samplesOf(trial: ExportedTrial): Generator<ExportedSample> {
  const { head, samples } = trial.recording()
  const nameOf = namesOf(head)
  for (const { timeMs, rss } of samples)
    for (const [pid, rssBytes] of rss) yield { timeMs, pid, rssBytes, ...nameOf(pid) }
}
