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
    help: 'Tables: name of the memory column.',
  }),
  roundColumn: text({
    flag: 'round-column',
    placeholder: 'NAME',
    default: undefined,
    defaultText: 'found by name and values',
    help: 'Tables: name of the round column.',
  }),
  timeColumn: text({
    flag: 'time-column',
    placeholder: 'NAME',
    default: undefined,
    defaultText: 'found by name and values',
    help: 'Tables: name of the time column.',
  }),
  unit: choice({
    flag: 'unit',
    of: ['bytes', 'KB', 'KiB', 'MB', 'MiB', 'GB', 'GiB', 'pages'],
    placeholder: 'UNIT',
    default: undefined,
    defaultText: 'found by name and values',
    help: 'Tables: unit of the memory column: bytes, KB, KiB, MB, MiB, GB, GiB or pages of 4 KiB.',
  }),
  series: text({
    flag: 'series',
    placeholder: 'NAME',
    default: undefined,
    defaultText: 'pid, client, pod and the like',
    help: 'Tables: column that names the series of a row. Each series is judged separately.',
  }),
  where: columnValues({
    flag: 'where',
    help: 'Tables: read only rows with this value. Repeatable: --where phase=end --where client=site-1.',
  }),
  sum: flag({ flag: 'sum', help: 'Tables with several series: judge their sum instead of each.' }),
  inRound: choice({
    flag: 'in-round',
    of: ['last', 'highest', 'median'],
    default: undefined,
    defaultText: 'the last, where rows have times',
    help: 'Tables: which reading to use for a round that has several.',
  }),
}

export const listOptions = { json: compareOptions.json }

export const plotOptions = {
  out: text({
    flag: 'out',
    short: 'o',
    placeholder: 'FILE',
    default: undefined,
    help: 'Write the plot to a file: .svg, .png, or .html for an interactive page. Default: a chart in the terminal.',
  }),
  force: flag({ flag: 'force', help: 'Replace the file if it exists.' }),
  window: timeWindow({
    flag: 'window',
    short: 'w',
    default: undefined,
    help: 'Plot only this part of the time, counted from the first reading, such as 0,20.5 or 10m,1h.',
  }),
  title: text({
    flag: 'title',
    short: 't',
    placeholder: 'TEXT',
    default: undefined,
    defaultText: 'the command',
    help: 'Title of the plot.',
  }),
  slope: flag({ flag: 'slope', short: 's', help: 'Fit a line by least squares and print its slope.' }),
  hideFunctions: flag({ flag: 'hide-functions', short: 'n', help: 'Leave out the functions that mprof timed.' }),
  ...tableOptions,
}

/** Formats of the export. They are switches, at least one of which must be on. */
export const exportOptions = {
  csv: flag({ flag: 'csv', help: 'Write a table as CSV (RFC 4180) with a header.' }),
  parquet: flag({ flag: 'parquet', help: 'Write the same table as Parquet.' }),
  openmetrics: flag({
    flag: 'openmetrics',
    help: 'Write OpenMetrics text with timestamps, which promtool imports into Prometheus.',
  }),
  otlpJson: flag({ flag: 'otlp-json', help: 'Write OTLP metrics as JSON, for an OpenTelemetry collector.' }),
  hyperfineJson: flag({ flag: 'hyperfine-json', help: "Write JSON like hyperfine's --export-json, for its scripts." }),
  table: choice({
    flag: 'table',
    of: ['rounds', 'samples', 'shared'],
    default: 'rounds',
    help: 'CSV and Parquet: one row for each process and round, or for each process and sample.',
  }),
  ...fileOptions,
}

export const analyzeOptions = {
  gcRounds: integer<undefined>({
    flag: 'gc-rounds',
    min: 0,
    default: undefined,
    defaultText: 'from the recording, else a period is searched',
    help: 'Rounds between two cleanups, to test for a saw-tooth of this period. 0: no cleanup, so no period is searched.',
  }),
  tolerance: compareOptions.tolerance,
  limit: bytes<undefined>({
    flag: 'limit',
    min: LEAST_LIMIT,
    default: undefined,
    defaultText: 'the limit of the recorded machine, if known',
    help: 'Memory limit. Forecasts when growth reaches it, or the headroom left.',
  }),
  horizon: horizon({
    flag: 'horizon',
    default: undefined,
    defaultText: 'ten times the recorded length, at least 1000 rounds or 30 days',
    help: 'How long the job will run, in rounds (5000) or time (30d). Growth that cannot matter by then does not count; the output says how much it adds up to.',
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
      help: 'Exit with 1 if one of these shapes is found: grows, staircase, ... A saw-tooth with a growing floor counts as grows. rises: memory that rises now and may still level off.',
    },
  ),
  details: compareOptions.details,
  json: compareOptions.json,
  ...tableOptions,
}

export const removalOptions = {
  dryRun: flag({ flag: 'dry-run', help: 'Print what would be removed without removing it.' }),
  force: flag({
    flag: 'force',
    help: 'Also remove recordings that are still running, folders that contain other files, and parts of a comparison.',
  }),
}

export const showOptions = {
  details: compareOptions.details,
  open: flag({ flag: 'open', help: 'Also open the report, or the plot of a recording, in a browser (xdg-open).' }),
  json: compareOptions.json,
}

export const diffOptions = {
  out: { ...plotOptions.out, help: 'Also draw the curves to a file: .svg, .png, or .html for an interactive page.' },
  force: plotOptions.force,
  json: compareOptions.json,
}

export const cleanOptions = {
  ...removalOptions,
  all: flag({
    flag: 'all',
    help: 'Also remove recordings with names of your own, and comparisons, here and in runs/.',
  }),
}
