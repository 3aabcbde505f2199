import { commandLine } from '../../recording/formats/command-line.js'
import { openRecording } from '../../recording/formats/open-recording.js'
import { roundsToJudge } from '../../recording/formats/rounds-to-judge.js'
import { isRecording, readMetadata } from '../../recording/storage/read-recording.js'
import type { RecordingFigureData } from '../../report/figures/recording.js'
import { drawnRecording } from '../../report/html/drawn-recording.js'
import { recordingFigureData } from '../../report/html/recording-figure-data.js'
import { verdictWord } from '../../report/prose/behaviour.js'
import { type DiffRow, diffTable, factLines, plainChange } from '../../report/prose/diff-text.js'
import { machineFactDifferences, valueDifferences } from '../../report/prose/fact-differences.js'
import { UsageError } from '../../shared/errors.js'
import { mib } from '../../shared/units.js'
import { analyzeRounds } from '../../verdict/shape/analyze-rounds.js'
import { overlaidChart } from './overlaid-chart.js'

/** Output of `tidemark diff` as text, as JSON and as a figure. */
export interface Diff {
  text(): string
  data: Record<string, unknown>
  figure: RecordingFigureData
}

/**
 * Compares two recordings of any known kind.
 *
 * @throws UsageError for a file that is no recording, and where one is over time and the other over
 *   rounds
 */
export function recordingsDiff(before: string, after: string): Diff {
  const [a, b] = [readSide(before), readSide(after)]
  if (a.drawn.axis !== b.drawn.axis)
    throw new UsageError(`diff: of ${before} and ${after} one is over time and the other over rounds`, {
      fix: 'Hold against each other what was recorded in the same way.',
    })
  const facts = [
    ...valueDifferences({ command: a.command, ...a.setting }, { command: b.command, ...b.setting }),
    ...machineFactDifferences(a.machine, b.machine),
  ]
  const figure = recordingFigureData([named(a.drawn, 'before'), named(b.drawn, 'after')], {
    hasSlope: false,
    hasFunctions: false,
  })
  const rows: DiffRow[] = [
    { name: 'peak MiB', ...sides(a, b, ({ peakBytes }) => peakBytes), change: plainChange(a.peakBytes, b.peakBytes) },
    { name: 'end MiB', ...sides(a, b, ({ endBytes }) => endBytes), change: plainChange(a.endBytes, b.endBytes) },
    { name: 'verdict', before: verdictWord(a.analysis), after: verdictWord(b.analysis), change: '' },
  ]
  return {
    text: () =>
      [
        overlaidChart(figure.series, { axis: a.drawn.axis }),
        `before  ${before}: ${a.analysis.reason}`,
        `after   ${after}: ${b.analysis.reason}`,
        '',
        ...diffTable(rows),
        '',
        'One run on each side, so a difference may be chance; tidemark compare repeats runs and shows whether it is.',
        ...factLines(facts),
        '',
      ].join('\n'),
    data: { kind: 'recordings', sides: [a, b].map(({ drawn: _, ...side }) => side), facts },
    figure,
  }
}

type Side = ReturnType<typeof readSide>

function readSide(path: string) {
  const file = openRecording(path)
  const drawn = drawnRecording(file)
  const source = roundsToJudge(file)
  const analysis = analyzeRounds(source.rounds, {
    gcRounds: source.gcRounds ?? undefined,
    limitBytes: source.limitBytes ?? undefined,
    othersBytes: source.othersBytes,
    secondsPerRound: source.secondsPerRound ?? undefined,
    isTime: source.unit === 'window',
  })
  const peaks = drawn.rounds.flatMap(({ peakBytes }) => (peakBytes === null ? [] : [peakBytes]))
  const head = isRecording(path) ? readMetadata(path) : undefined
  return {
    path,
    drawn,
    analysis,
    peakBytes: peaks.length > 0 ? Math.max(...peaks) : (drawn.whole.highest?.rssBytes ?? null),
    endBytes: source.rounds.findLast(({ bytes }) => bytes !== null)?.bytes ?? null,
    command: head === undefined ? drawn.command : commandLine(head.command),
    setting: head?.setting ?? {},
    machine: head?.machine ?? {},
  }
}

function sides(a: Side, b: Side, of: (side: Side) => number | null): Pick<DiffRow, 'before' | 'after'> {
  const text = (bytes: number | null) => (bytes === null ? '-' : mib(bytes))
  return { before: text(of(a)), after: text(of(b)) }
}

function named(drawn: Side['drawn'], side: string): Side['drawn'] {
  return { ...drawn, name: `${side}: ${drawn.name}` }
}
