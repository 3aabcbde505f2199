import { analyzeOptions } from '../../../options/report.js'
import type { OptionValues } from '../../../options/types/spec.js'
import {
  openRecordings,
  type RecordingFile,
  type RecordingFormat,
  runsOf,
} from '../../../recording/formats/open-recording.js'
import { type RoundsToJudge, roundsToJudge } from '../../../recording/formats/rounds-to-judge.js'
import { COMBINED_PID } from '../../../recording/recording.js'
import { verdictWord } from '../../../report/prose/behaviour.js'
import { analysisAnswer, type NamedSeries } from '../../../report/terminal/analysis-answer.js'
import type { Tolerance } from '../../../results/tolerance.js'
import { messageOf, UsageError } from '../../../shared/errors.js'
import { printable, printableLine } from '../../../shared/printable.js'
import { shellWord } from '../../../shared/text.js'
import { formatDuration } from '../../../shared/units.js'
import { median } from '../../../statistics/median.js'
import type { RoundBytes } from '../../../verdict/series/round-series.js'
import type { Analysis, AnalyzeOptions } from '../../../verdict/shape/analysis.js'
import { analyzeRounds } from '../../../verdict/shape/analyze-rounds.js'
import { comparisonToJudge, isComparison } from '../../comparison-to-judge.js'
import { NOT_AS_EXPECTED } from '../../exit-codes.js'
import { printError } from '../../output/print-error.js'
import { writeStyled } from '../../output/terminal.js'
import { terminalStyle } from '../../output/terminal-style.js'
import type { Command } from '../../parsing/command.js'
import { tableOptionsOf } from '../../parsing/table-options.js'
import { namedRecordings, newestRecording } from '../../recordings-in-folder.js'

export const command: Command = {
  verb: 'analyze',
  summary: 'Judge the memory over the rounds: stable, grows, saw-tooth, settles, ...',
  description: [
    'Prints for each recording the shape of its memory over the rounds, the slope with a 95 % interval, and the reason.',
    'Reads recordings of Tidemark, mprof files, psrecord logs and tables: CSV, JSON, JSON lines or columns separated by',
    'blanks, also in UTF-16 or compressed with gzip, from files, pipes or standard input (-). In the folder of a',
    'comparison, each setting is judged over all its trials.',
    '',
    'Columns of a table are recognized by their names and values, and a note says which ones were used. If that is',
    'unclear, the table is refused with the option that resolves it. A table with both rounds and times is judged by',
    'its rounds. Several series in a table (pid, client, pod, ...) are judged separately, or as their total with --sum.',
    'So are several runs in one file.',
    '',
    'A recording without rounds is divided into up to 40 equal time windows, and the median of each stands for a round.',
    'The output states the length of a window.',
    '',
    'Exit codes: 0 every file has a verdict; 1 a shape of --fail-on was found, or memory rises now and --fail-on lists',
    'rises; 2 a file could not be read (the others are still judged); 4 at least one verdict is inconclusive, which',
    'includes memory that rises now and may still level off.',
  ].join('\n'),
  arguments: '[recordings...]',
  options: analyzeOptions,
  onlyPrints: true,
  examples: [
    'tidemark analyze',
    'tidemark analyze server.csv --gc-rounds 5',
    'tidemark analyze rounds.csv --limit 8GiB --horizon 1000',
    'tidemark analyze phases.csv --where phase=end',
    'tidemark analyze runs/*.csv --json',
    'tidemark analyze server.csv --fail-on grows,staircase',
    'tidemark analyze nightly.csv --fail-on grows,rises --tolerance 50MiB/day',
    'tidemark analyze runs/fedavg-20260712-130509 --tolerance 0.5%',
    "grep -v '^#' rounds.csv | tidemark analyze -",
  ],
  run: async ({ arguments: names, options }) => {
    const asked = options as OptionValues<typeof analyzeOptions>
    const given = names.length === 0 ? [newestRecording('analyze')] : names
    const judged = given.flatMap((name) => judgeOrExplain(name, asked))
    if (asked.json) process.stdout.write(`${JSON.stringify(judged.map(asJson), null, 2)}\n`)
    else print(judged, { names: given, details: asked.details })
    return exitCodeOf(judged, asked.failOn)
  },
}

interface Judged {
  path: string
  format: RecordingFormat | 'comparison'
  /** Setting; for a comparison only. */
  setting?: string
  /** Name of the series or run, where a file holds several. */
  series: string | null
  source: Pick<RoundsToJudge, 'unit' | 'secondsPerRound' | 'process' | 'notes'>
  /** Memory by round; of several trials, the medians. */
  bytes: number[]
  analysis: Analysis
}

interface Unreadable {
  path: string
  error: UsageError
}

/**
 * Judges a file. One that cannot be read is reported on standard error at once, and keeps its place
 * among the others.
 */
function judgeOrExplain(name: string, options: OptionValues<typeof analyzeOptions>): (Judged | Unreadable)[] {
  try {
    const path = namedRecordings([name])[0]!
    if (isComparison(path)) return judgeSettings(path, options)
    const files = openRecordings(path, tableOptionsOf(options)).flatMap(runsOf)
    return files.map((file) => judge(file, options))
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    printError(error, process.stderr)
    return [{ path: name, error }]
  }
}

/**
 * Judges the settings of a comparison. Options given here override those that the comparison was
 * judged by.
 */
function judgeSettings(path: string, options: OptionValues<typeof analyzeOptions>): Judged[] {
  const settings = comparisonToJudge(path)
  if (settings.length === 0) throw new UsageError(`${path}: no trial of this comparison was completed`)
  return settings.map(({ setting, trials, options: own }) => {
    const analysis = analyzeRounds(trials, {
      gcRounds: options.gcRounds ?? own.gcRounds,
      tolerance: toleranceOf(path, options.tolerance ?? own.tolerance, own.secondsPerRound),
      limitBytes: options.limit ?? own.limitBytes,
      ...horizonOf(path, options.horizon, own.secondsPerRound),
      secondsPerRound: own.secondsPerRound,
    })
    const secondsPerRound = own.secondsPerRound ?? null
    return {
      path,
      format: 'comparison',
      setting,
      series: null,
      source: { unit: 'round', secondsPerRound, process: null, notes: [] },
      bytes: mediansByRound(trials),
      analysis,
    }
  })
}

function mediansByRound(trials: readonly RoundBytes[][]): number[] {
  const byRound = new Map<number, number[]>()
  for (const { round, bytes } of trials.flat())
    if (bytes !== null) byRound.set(round, [...(byRound.get(round) ?? []), bytes])
  return [...byRound].sort(([a], [b]) => a - b).map(([, values]) => median(values))
}

/**
 * Returns the horizon.
 *
 * @throws UsageError for a time where rounds have no known length
 */
function horizonOf(
  path: string,
  horizon: OptionValues<typeof analyzeOptions>['horizon'],
  secondsPerRound: number | undefined,
): Pick<AnalyzeOptions, 'horizonRounds' | 'horizonSeconds'> {
  if (horizon === undefined) return {}
  if ('rounds' in horizon) return { horizonRounds: horizon.rounds }
  if (secondsPerRound === undefined)
    throw new UsageError(`${path} does not contain how long a round takes, so --horizon cannot be a time`, {
      fix: 'Give it in rounds: --horizon 5000',
    })
  return { horizonSeconds: horizon.seconds }
}

/**
 * Returns the tolerance.
 *
 * @throws UsageError for bytes a day where rounds have no known length
 */
function toleranceOf(
  path: string,
  tolerance: Tolerance | undefined,
  secondsPerRound: number | undefined,
): Tolerance | undefined {
  if (tolerance === undefined || !('bytesPerDay' in tolerance) || secondsPerRound !== undefined) return tolerance
  throw new UsageError(`${path} does not say how long a round takes, so --tolerance cannot be bytes a day`, {
    fix: 'Give it in bytes a round or as a share of the level: --tolerance 0.5MiB, --tolerance 0.1%',
  })
}

function judge(file: RecordingFile, options: OptionValues<typeof analyzeOptions>): Judged {
  const source = roundsToJudge(file)
  const analysis = analyzeRounds(source.rounds, {
    gcRounds: options.gcRounds ?? source.gcRounds ?? undefined,
    tolerance: toleranceOf(file.path, options.tolerance, source.secondsPerRound ?? undefined),
    limitBytes: options.limit ?? source.limitBytes ?? undefined,
    othersBytes: options.limit === undefined ? source.othersBytes : 0,
    ...horizonOf(file.path, options.horizon, source.secondsPerRound ?? undefined),
    secondsPerRound: source.secondsPerRound ?? undefined,
    isTime: source.unit === 'window',
  })
  const bytes = source.rounds.flatMap((round) => round.bytes ?? [])
  return { path: file.path, format: file.format, series: file.part, source, bytes, analysis }
}

function asJson(judged: Judged | Unreadable): Record<string, unknown> {
  if ('error' in judged) {
    const { path, error } = judged
    return { path, error: messageOf(error), ...(error.fix === undefined ? {} : { fix: error.fix }) }
  }
  const { path, format, setting, series, analysis, source } = judged
  const { unit, secondsPerRound, process, notes } = source
  return {
    path,
    format,
    ...(setting === undefined ? {} : { setting }),
    ...(series === null ? {} : { series }),
    unit,
    secondsPerRound,
    process,
    ...analysis,
    notes,
  }
}

/** Prints the answer, with `details` also the whole reason and all notes of each series. */
function print(
  judged: readonly (Judged | Unreadable)[],
  { names, details }: { names: readonly string[]; details: boolean },
): void {
  const lines = analysisAnswer(judged.map(seriesOf), terminalStyle(process.stdout))
  const more = details
    ? ['', ...judged.flatMap(detailsOf)]
    : [
        `  ${names.length === 1 ? `tidemark analyze ${shellWord(names[0]!)} --details` : 'The reasons and all notes: the same with --details'}`,
      ]
  writeStyled(process.stdout, `${[...lines, ...more].join('\n')}\n`)
}

function seriesOf(one: Judged | Unreadable): NamedSeries {
  if ('error' in one) return { name: one.path, judged: null, notes: [] }
  const { analysis, bytes, source } = one
  const { unit, secondsPerRound, notes } = source
  return { name: nameOf(one), judged: { analysis, bytes, unit, secondsPerRound }, notes }
}

/** Returns `runs/job gc=0`, `top.txt (pid 12)`, or `tidemark-1 (server, pid 40)`. */
function nameOf({ path, setting, series, source: { process } }: Judged): string {
  if (setting !== undefined) return `${path} ${setting}`
  if (process === null) return series === null ? path : `${path} (${series})`
  const isOne = process.pid !== COMBINED_PID
  return `${path} (${process.name}, ${isOne ? `pid ${process.pid}` : process.role})`
}

function detailsOf(one: Judged | Unreadable): string[] {
  if ('error' in one) return [`${printableLine(one.path)}: not read`]
  const { setting, analysis, source } = one
  return [
    printableLine(`${nameOf(one)}${setting === undefined ? '' : ` (${trialsOf(analysis)})`}: ${verdictWord(analysis)}`),
    `  ${printable(analysis.reason)}`,
    ...(source.unit === 'window'
      ? [`  It has no rounds: "round" stands for a window of ${formatDuration(source.secondsPerRound! * 1000)}.`]
      : []),
    ...source.notes.map((note) => `  note: ${printableLine(note)}`),
  ]
}

function trialsOf({ trials }: Analysis): string {
  return trials === 1 ? '1 trial' : `${trials} trials together`
}

const UNREADABLE = 2
const INCONCLUSIVE = 4

/** Returns the exit code. A file that cannot be read counts first, since it may hide a shape. */
function exitCodeOf(judged: readonly (Judged | Unreadable)[], failOn: readonly (string | undefined)[]): number {
  if (judged.some((one) => 'error' in one)) return UNREADABLE
  const shapes = judged.flatMap((one) => ('analysis' in one ? shapesOf(one.analysis) : []))
  if (shapes.some((shape) => failOn.includes(shape))) return NOT_AS_EXPECTED
  return shapes.includes('inconclusive') ? INCONCLUSIVE : 0
}

/**
 * Returns the shapes of an analysis: the overall shape, `grows` for a saw-tooth with a growing
 * floor, and `rises` where memory rises now. The teeth of a level floor do not count.
 */
function shapesOf({ shape, floorShape, now }: Analysis): string[] {
  const isLevel = shape === 'sawtooth' && floorShape === 'stable'
  return [
    shape,
    ...(shape === 'sawtooth' && floorShape === 'grows' ? [floorShape] : []),
    ...(now.trend === 'rises' && !isLevel ? ['rises'] : []),
  ]
}
