import { closeSync, existsSync, openSync, writeSync } from 'node:fs'
import { exportOptions } from '../../../options/report.js'
import type { OptionValues } from '../../../options/types/spec.js'
import { csvOf } from '../../../report/export/csv.js'
import { type ExportSource, exportSource, roundsOf } from '../../../report/export/export-source.js'
import { hyperfineOf } from '../../../report/export/hyperfine.js'
import { openMetricsOf } from '../../../report/export/openmetrics.js'
import { otlpOf } from '../../../report/export/otlp.js'
import { type ExportTable, exportTable } from '../../../report/export/tables.js'
import { messageOf, UsageError } from '../../../shared/errors.js'
import type { Command } from '../../parsing/command.js'

export const command: Command = {
  verb: 'export',
  summary: 'Write a recording or a comparison as CSV, Parquet, OpenMetrics, OTLP or for hyperfine.',
  description: [
    'Exports the folder of a recording (tidemark run) or of a comparison (tidemark compare) in one format, to standard',
    'output or to the file of -o.',
    '',
    'CSV and Parquet hold a table: --table rounds (the default) has one row for each process and round, --table samples',
    'one for each process and sample, and --table shared one for each reading of --pss. Tables of comparisons also have',
    'the columns trial and setting. docs/export.md lists the columns and shows how to read them with pandas and DuckDB.',
  ].join('\n'),
  arguments: '<folder>',
  options: exportOptions,
  onlyPrints: true,
  examples: [
    'tidemark export runs/fedavg-20260712-130509 --csv -o fedavg.csv',
    'tidemark export runs/fedavg-20260712-130509 --parquet --table samples -o samples.parquet',
    'tidemark export tidemark-20260712130509 --openmetrics -o metrics.txt',
    'tidemark export runs/fedavg-20260712-130509 --hyperfine-json -o hyperfine.json',
  ],
  run: async ({ arguments: [folder], options, given }) => {
    const asked = options as OptionValues<typeof exportOptions>
    const format = formatOf(asked)
    if (given.has('table') && format !== 'csv' && format !== 'parquet')
      throw new UsageError(`export: --table is for --csv and --parquet; --${exportOptions[format].flag} has one form`)
    if (format === 'parquet' && asked.out === undefined && process.stdout.isTTY)
      throw new UsageError('export: Parquet is no text for a terminal', { fix: 'Name a file: -o rounds.parquet' })
    const source = exportSource(folder!)
    write(await piecesOf(source, format, asked), asked)
    if (asked.out !== undefined) process.stdout.write(`${asked.out}\n`)
    return 0
  },
}

const FORMATS = ['csv', 'parquet', 'openmetrics', 'otlpJson', 'hyperfineJson'] as const
type Format = (typeof FORMATS)[number]

function formatOf(asked: OptionValues<typeof exportOptions>): Format {
  const [format, ...others] = FORMATS.filter((one) => asked[one])
  const flags = (formats: readonly Format[]) => formats.map((one) => `--${exportOptions[one].flag}`).join(', ')
  if (format === undefined) throw new UsageError(`export: no format was named, expected one of ${flags(FORMATS)}`)
  if (others.length > 0) throw new UsageError(`export: found ${flags([format, ...others])}, expected one of them`)
  return format
}

async function piecesOf(
  source: ExportSource,
  format: Format,
  { table }: OptionValues<typeof exportOptions>,
): Promise<Iterable<string | Uint8Array>> {
  if (format === 'csv') return csvOf(tableOf(source, table))
  if (format === 'openmetrics') return openMetricsOf(source)
  if (format === 'otlpJson') return [`${JSON.stringify(otlpOf(source))}\n`]
  if (format === 'hyperfineJson') return [`${JSON.stringify(hyperfineOf(source), null, 2)}\n`]
  const { parquetOf } = await import('../../../report/export/parquet.js')
  return [parquetOf(tableOf(source, table))]
}

/**
 * Returns the table. An empty one is refused, since a file without rows would look like a
 * measurement of nothing.
 */
function tableOf(source: ExportSource, name: OptionValues<typeof exportOptions>['table']): ExportTable {
  if (name === 'rounds' && source.trials.every((trial) => roundsOf(trial).length === 0))
    throw new UsageError(`${source.folder} has no rounds`, {
      fix: 'Export its samples: --table samples. Or record with rounds: tidemark run --rounds PRESET -- COMMAND',
    })
  const table = exportTable(source, name)
  if (name === 'shared' && table.rows()[Symbol.iterator]().next().done)
    throw new UsageError(`${source.folder} has no readings of PSS`, {
      fix: 'Record them: tidemark run --pss -- COMMAND',
    })
  return table
}

/**
 * Writes the pieces as they are made, since the samples of a day are larger than memory should be.
 */
function write(pieces: Iterable<string | Uint8Array>, { out, force }: OptionValues<typeof exportOptions>): void {
  if (out !== undefined && existsSync(out) && !force)
    throw new UsageError(`${out} is there already`, { fix: 'Name another file with -o, or replace it with --force.' })
  try {
    const descriptor = out === undefined ? process.stdout.fd : openSync(out, 'w')
    try {
      for (const piece of pieces) writeAll(descriptor, typeof piece === 'string' ? Buffer.from(piece) : piece)
    } finally {
      if (out !== undefined) closeSync(descriptor)
    }
  } catch (error) {
    if (error instanceof UsageError) throw error
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') return // a reader that has seen enough
    throw new UsageError(`cannot write ${out ?? 'to standard output'}: ${messageOf(error)}`, {
      cause: error,
      ...(out !== undefined && { fix: 'Name a file in a folder that exists and can be written to: -o FILE' }),
    })
  }
}

/** Writes all bytes. A pipe may accept fewer bytes than it is given, or none for now. */
function writeAll(descriptor: number, bytes: Uint8Array): void {
  let written = 0
  while (written < bytes.length) {
    try {
      written += writeSync(descriptor, bytes, written)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    }
  }
}
