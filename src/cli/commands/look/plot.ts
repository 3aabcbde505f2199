import pc from 'picocolors'
import { plotOptions } from '../../../options/report.js'
import type { OptionValues } from '../../../options/types/spec.js'
import { openRecordings, type RecordingFile } from '../../../recording/formats/open-recording.js'
import { fixOfNoReading } from '../../../recording/formats/rounds-to-judge.js'
import { type DrawnRecording, drawnRecording, type TimeWindow } from '../../../report/html/drawn-recording.js'
import { recordingFigureData, slopeText } from '../../../report/html/recording-figure-data.js'
import { terminalChart } from '../../../report/terminal/terminal-chart.js'
import { UsageError } from '../../../shared/errors.js'
import { printable } from '../../../shared/printable.js'
import { assertNoComparison } from '../../comparison-to-judge.js'
import { assertPlotFile, writePlot } from '../../output/plot-file.js'
import { writeStyled } from '../../output/terminal.js'
import type { Command, CommandInput } from '../../parsing/command.js'
import { tableOptionsOf } from '../../parsing/table-options.js'
import { namedRecordings, newestRecording } from '../../recordings-in-folder.js'

export const command: Command = {
  verb: 'plot',
  summary: 'Plot recordings: in the terminal, or as SVG, PNG or an interactive page.',
  description: [
    'Plots recordings, given by index (0 is the oldest in the current folder, -1 the newest) or by path. Default: the',
    'newest. Several are overlaid, each from its own start. A single one is drawn with its processes, rounds and exact',
    'peaks, and with the functions timed by mprof.',
    '',
    'Reads recordings of Tidemark, mprof files, psrecord logs, and tables as tidemark analyze does. For a table of',
    'rounds without times, the axis is rounds.',
  ].join('\n'),
  arguments: '[recordings...]',
  options: plotOptions,
  onlyPrints: true,
  examples: [
    'tidemark plot',
    'tidemark plot -1 -o server.svg --slope',
    'tidemark plot -2 -1 -o before-and-after.html --title "before and after"',
    'tidemark plot mprofile_20261123204823.dat --window 0,20.5 -o start.png',
  ],
  run: async ({ arguments: names, options }) => {
    const out = options.out as string | undefined
    if (out !== undefined) assertPlotFile(out, options.force === true)
    const paths = names.length === 0 ? [newestRecording('plot')] : namedRecordings(names)
    const window = options.window as TimeWindow | undefined
    const asked = tableOptionsOf(options as OptionValues<typeof plotOptions>)
    const recordings = paths.flatMap((path) => {
      assertNoComparison(path, 'plot')
      return openRecordings(path, asked).map((file) => {
        const recording = drawnRecording(file, window)
        assertDrawable(file, recording, window)
        return recording
      })
    })
    assertOneAxis(recordings)
    for (const note of recordings.flatMap(({ notes }) => notes)) process.stderr.write(`note: ${printable(note)}\n`)
    if (out === undefined) showInTerminal(recordings, options)
    else {
      const title = titleOf(recordings, options)
      await writePlot(out, figureData(recordings, options), { title, ...(window && { window }) })
      process.stdout.write(`${out}\n`)
    }
    return 0
  },
}

function assertDrawable(file: RecordingFile, recording: DrawnRecording, window: TimeWindow | undefined): void {
  if (recording.whole.highest !== null) return
  throw new UsageError(
    window === undefined
      ? `${file.path} holds no reading`
      : `${file.path} holds no reading between ${window.fromMs / 1000} s and ${window.toMs / 1000} s`,
    {
      fix: window === undefined ? fixOfNoReading(file) : 'Name a part of the recording with --window, or leave it out.',
    },
  )
}

function assertOneAxis(recordings: readonly DrawnRecording[]): void {
  const [first] = recordings
  const other = recordings.find(({ axis }) => axis !== first!.axis)
  if (other === undefined) return
  const [byTime, byRound] = first!.axis === 'time' ? [first!, other] : [other, first!]
  throw new UsageError(
    `plot: ${byTime.name} is over time and ${byRound.name} over rounds, so they have no axis in common`,
    {
      fix: 'Plot them one by one.',
    },
  )
}

function figureData(recordings: readonly DrawnRecording[], options: CommandInput['options']) {
  return recordingFigureData(recordings, {
    hasSlope: options.slope === true,
    hasFunctions: options.hideFunctions !== true,
  })
}

/** Longest title; longer commands exceed the figure. */
const LONGEST_TITLE = 110

function titleOf(recordings: readonly DrawnRecording[], { title }: CommandInput['options']): string {
  if (typeof title === 'string') return title
  const [first, ...others] = recordings
  const command = others.length > 0 ? `${recordings.length} recordings` : (first?.command ?? first?.name ?? '')
  return command.length > LONGEST_TITLE ? `${command.slice(0, LONGEST_TITLE - 3)}...` : command
}

/** Rows of the chart where the terminal is higher. */
const CHART_HEIGHT = 24
const CHART_WIDTH = 100

function showInTerminal(recordings: readonly DrawnRecording[], options: CommandInput['options']): void {
  const { stdout, env } = process
  const colors = pc.createColors(stdout.isTTY && pc.isColorSupported)
  const paints = [colors.cyan, colors.yellow, colors.magenta, colors.green, colors.blue, colors.red]
  const { series, rounds, brackets, axis = 'time' } = figureData(recordings, { ...options, slope: false })
  const chart = terminalChart(
    series.map(({ name, points }) => ({ name: printable(name), points })),
    {
      axis,
      width: Math.max(40, stdout.columns ?? CHART_WIDTH),
      height: Math.max(10, Math.min(CHART_HEIGHT, (stdout.rows ?? CHART_HEIGHT + 1) - 1)),
      title: printable(titleOf(recordings, options)),
      isPlain: env.TERM === 'dumb',
      paint: (index, text) => paints[index % paints.length]!(text),
    },
  )
  const seconds = (ms: number) => (ms / 1000).toFixed(1)
  const lines = [
    ...(options.slope === true
      ? recordings.map(({ name, whole, axis }) => `slope of ${name}: ${slopeText(whole, axis) ?? 'too few readings'}`)
      : []),
    ...(rounds.length > 0
      ? [
          `rounds ${rounds[0]!.round} to ${rounds.at(-1)!.round}, from ${seconds(rounds[0]!.startMs)} s to ${seconds(rounds.at(-1)!.endMs)} s`,
        ]
      : []),
    ...(brackets.length > 0
      ? [`functions: ${brackets.map(({ label, startMs }) => `${label} (at ${seconds(startMs)} s)`).join(', ')}`]
      : []),
  ]
  writeStyled(stdout, `${chart.trimEnd()}\n`)
  stdout.write(lines.map((line) => `${line}\n`).join(''))
}
