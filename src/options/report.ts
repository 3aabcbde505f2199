import { fileOptions, LEAST_LIMIT } from './common.js'
import { compareOptions } from './comparison.js'
import { axisOf, columnValues } from './types/list-types.js'
import { bytes, choice, flag, horizon, integer, text, timeWindow } from './types/option-types.js'
/** Options that describe a table, where its names and values do not settle how to read it. */
export const tableOptions = {
  column: text({
    flag: 'column',
    placeholder: 'NAME',
    default: undefined,
    defaultText: 'found by name',
    help: 'In a table: the column of memory.',
  }),
  roundColumn: text({
    flag: 'round-column',
    placeholder: 'NAME',
    default: undefined,
    defaultText: 'found by name and values',
    help: 'In a table: the column that counts rounds.',
  }),
  timeColumn: text({
    flag: 'time-column',
    placeholder: 'NAME',
    default: undefined,
    defaultText: 'found by name and values',
    help: 'In a table: the column of time.',
  }),
  unit: choice({
    flag: 'unit',
    of: ['bytes', 'KB', 'KiB', 'MB', 'MiB', 'GB', 'GiB', 'pages'],
    placeholder: 'UNIT',
    default: undefined,
    defaultText: 'found by name and values',
    help: 'In a table: the unit of the memory column: bytes, KB, KiB, MB, MiB, GB, GiB or pages (of 4096 bytes).',
  }),
  series: text({
    flag: 'series',
    placeholder: 'NAME',
    default: undefined,
    defaultText: 'pid, client, pod and the like',
    help: 'In a table: the column that names the series of a row. Each series is judged by itself.',
  }),
  where: columnValues({
    flag: 'where',
    help: 'In a table: read only rows with this value. May be given several times: --where phase=end --where client=site-1.',
  }),
  sum: flag({ flag: 'sum', help: 'Of a table with several series: take their total in place of each.' }),
  inRound: choice({
    flag: 'in-round',
    of: ['last', 'highest', 'median'],
    default: undefined,
    defaultText: 'the last, where rows have times',
    help: 'In a table: which reading to take for a round that has several.',
  }),
}

export const listOptions = { json: compareOptions.json }

export const plotOptions = {
  out: text({
    flag: 'out',
    short: 'o',
    placeholder: 'FILE',
    default: undefined,
    help: 'Write the plot to a file: .svg, .png, or .html for an interactive one. Without it the terminal shows a chart.',
  }),
  force: flag({ flag: 'force', help: 'Replace the file if it is there.' }),
  window: timeWindow({
    flag: 'window',
    short: 'w',
    default: undefined,
    help: 'Only this part of the time, counted from the first reading. For example 0,20.5 or 10m,1h.',
  }),
  title: text({
    flag: 'title',
    short: 't',
    placeholder: 'TEXT',
    default: undefined,
    defaultText: 'the command',
    help: 'Title of the plot.',
  }),
  slope: flag({ flag: 'slope', short: 's', help: 'Fit a line by least squares and tell its slope.' }),
  hideFunctions: flag({ flag: 'hide-functions', short: 'n', help: 'Leave out the functions that mprof timed.' }),
  ...tableOptions,
}

/** Formats of the export. They are switches, at least one of which must be on. */
export const exportOptions = {
  csv: flag({ flag: 'csv', help: 'A table as CSV (RFC 4180), with a head.' }),
  parquet: flag({ flag: 'parquet', help: 'The same table as a Parquet file.' }),
  openmetrics: flag({
    flag: 'openmetrics',
    help: 'OpenMetrics text with times, which promtool takes into Prometheus.',
  }),
  otlpJson: flag({ flag: 'otlp-json', help: 'Metrics in the JSON of OTLP, for a collector of OpenTelemetry.' }),
  hyperfineJson: flag({ flag: 'hyperfine-json', help: "As hyperfine's --export-json, for its scripts." }),
  table: choice({
    flag: 'table',
    of: ['rounds', 'samples', 'shared'],
    default: 'rounds',
    help: 'Table to export as CSV or Parquet: one row for each process and round, or for each process and sample.',
  }),
  ...fileOptions,
}

export const analyzeOptions = {
  gcRounds: integer<undefined>({
    flag: 'gc-rounds',
    min: 0,
    default: undefined,
    defaultText: 'what the recording knows, else a period is looked for',
    help: 'Rounds between two cleanups; 0: none. A saw-tooth is then tested with this period and not searched for.',
  }),
  tolerance: compareOptions.tolerance,
  limit: bytes<undefined>({
    flag: 'limit',
    min: LEAST_LIMIT,
    default: undefined,
    defaultText: 'the limit of the machine that recorded, where the recording knows it',
    help: 'Memory limit. The verdict forecasts when growth reaches it, or gives the headroom left.',
  }),
  horizon: horizon({
    flag: 'horizon',
    default: undefined,
    defaultText: 'ten times what was recorded, at least 1000 rounds, or 30 days',
    help: 'How long the job will run, in rounds (5000) or as a time (30d): growth that cannot matter until then is none. Says what growth comes to by then.',
  }),
  failOn: axisOf(
    choice({
      flag: 'fail-on',
      of: ['grows', 'falls', 'sawtooth', 'settling', 'staircase', 'spike', 'inconclusive', 'rises'],
      default: undefined,
      help: '',
    }),
    {
      default: [],
      help: 'Exit with 1 where one of these shapes is found: grows, staircase, ... A saw-tooth whose floor grows counts as grows. rises: what rises now, though it may yet level off.',
    },
  ),
  json: compareOptions.json,
  ...tableOptions,
}

export const removalOptions = {
  dryRun: flag({ flag: 'dry-run', help: 'Print what would be removed, and remove nothing.' }),
  force: flag({
    flag: 'force',
    help: 'Also remove recordings in progress, folders that hold other files, and parts of a comparison.',
  }),
}

export const showOptions = {
  details: flag({ flag: 'details', help: 'Print the tables, all intervals and the long sentences too.' }),
  open: flag({ flag: 'open', help: 'Open the report, or of a recording its plot, in a browser too (xdg-open).' }),
  json: compareOptions.json,
}

export const diffOptions = {
  out: { ...plotOptions.out, help: 'Draw the curves into a file too: .svg, .png, or .html for an interactive one.' },
  force: plotOptions.force,
  json: compareOptions.json,
}

export const cleanOptions = {
  ...removalOptions,
  all: flag({ flag: 'all', help: 'Also recordings with a name of your own, and comparisons, here and in runs/.' }),
}
