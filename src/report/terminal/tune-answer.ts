import pc from 'picocolors'
import type { Tuned } from '../../comparison/run/tune.js'
import { aggregationCompared } from '../../options/comparison.js'
import type { Comparison } from '../../results/comparison.js'
import type { Setting } from '../../results/setting.js'
import { findAllocator } from '../../shared/allocator-library.js'
import { printableLine } from '../../shared/printable.js'
import { count, shellWord } from '../../shared/text.js'
import { formatBytes, formatDuration } from '../../shared/units.js'
import { type SettingSummary, summarizeSetting } from '../../verdict/difference/setting-summary.js'
import { shortMib, shortSize } from '../prose/short-size.js'
import { type Column, drawColumns, widthOfColumns } from './columns.js'
import {
  fittingRows,
  LEAST_WIDTH,
  labelled,
  type TerminalStyle,
  toAscii,
  withinLines,
  wrapShell,
  wrapWords,
} from './layout.js'
import { shortLabels } from './short-labels.js'

const INDENT = '  '
/** Most lines of the answer; 25 with the two that say where the data are and how to see more. */
const MOST_LINES = 23
const MOST_ROWS = 14

/**
 * Returns the result of a search, the answer first: the line to paste, its bound and cost, then a
 * row per setting with why it is out.
 *
 * @returns at most 23 lines, each at most as wide as the style says
 */
export function tuneAnswer(tuned: Tuned, limitBytes: number, given: TerminalStyle): string[] {
  const style = { ...given, width: Math.max(LEAST_WIDTH, given.width) }
  const inner = { ...style, width: style.width - INDENT.length }
  const { bold, dim } = pc.createColors(style.hasColor)
  const { comparison, outcome } = tuned
  const summaries = comparison.settings.map(({ label }) => summaryOf(tuned, label))
  const found = outcome.kind === 'found' ? outcome : undefined
  const ranked = rankedRows(summaries, { limitBytes, chosen: found?.label })
  const draw = (most: number) => {
    const shown = ranked.slice(0, most)
    const { labels, key } = shortLabels(
      shown.map(({ summary }) => printableLine(summary.label)),
      Math.max(16, Math.floor(inner.width / 2)),
    )
    const more = ranked.length - shown.length
    const below = [...(more > 0 ? [`and ${count(more, 'more setting')} with --details`] : []), ...key]
    return [...settingRows(shown, labels, inner), ...below.flatMap((line) => wrapWords(line, inner.width)).map(dim)]
  }
  const answer = answerLines(tuned, { limitBytes, summaries }, inner)
  const sections = [
    { lines: answer, weight: 9 },
    { lines: [''], weight: 1 },
    { lines: fittingRows(draw, MOST_ROWS, MOST_LINES - answer.length - 3), weight: 9 },
  ]
  const { trials, settings, name } = comparison
  const facts = `limit ${formatBytes(limitBytes)} · ${count(settings.length, 'setting')} · ${count(trials.length, 'trial')}`
  const head = `${bold(printableLine(name))}  ${facts}`
  const lines = [
    head,
    '',
    ...withinLines(sections, MOST_LINES - 2).map((line) => (line === '' ? '' : `${INDENT}${line}`)),
  ]
  return style.isPlain ? lines.map(toAscii) : lines
}

/** Returns the evidence for every setting in a sentence each. */
export function tuneDetails(tuned: Tuned, limitBytes: number): string[] {
  return rankedRows(
    tuned.comparison.settings.map(({ label }) => summaryOf(tuned, label)),
    { limitBytes, chosen: undefined },
  ).map(({ summary, state }) => {
    const { label, peakBytes, roundMs, trials } = summary
    if (peakBytes === null || roundMs === null) return `${printableLine(label)}: ${state}`
    const peaks = peakBytes.values.map(shortMib).join(', ')
    return `${printableLine(label)}: ${state}; ${trials === 1 ? 'peak' : `peaks of ${trials} trials`} ${peaks} MiB, ${formatDuration(roundMs.median)} a round`
  })
}

/** Summarizes one setting of a search. */
export function summaryOf({ comparison }: Tuned, label: string): SettingSummary {
  const own = comparison.trials.filter(({ setting }) => setting === label)
  return summarizeSetting(label, own, { judge: comparison.judge })
}

function answerLines(
  { comparison, outcome }: Tuned,
  { limitBytes, summaries }: { limitBytes: number; summaries: readonly SettingSummary[] },
  style: TerminalStyle,
): string[] {
  const { bold, dim, red } = pc.createColors(style.hasColor)
  if (outcome.kind === 'stopped') return wrapWords('Stopped; what was measured is kept.', style.width)
  if (outcome.kind === 'found') {
    const { values } = comparison.settings.find(({ label }) => label === outcome.label)!
    const roundMs = summaries.find(({ label }) => label === outcome.label)?.roundMs
    return [
      ...wrapShell(pasteLine(values, comparison.job), style.width - 7).map(
        (line, i) => `${i === 0 ? dim('Use    ') : '       '}${bold(line)}`,
      ),
      ...labelled(
        'Sure?',
        `the cheapest that stays below${roundMs ? `, at ${formatDuration(roundMs.median)} a round` : ''}: the peak of its next trial is below ${shortSize(outcome.boundBytes)} with 95 % probability`,
        style,
      ),
    ]
  }
  const peaks = summaries.flatMap(({ label, peakBytes }) =>
    peakBytes === null ? [] : [{ label, bytes: peakBytes.median }],
  )
  const lowest = peaks.sort((a, b) => a.bytes - b.bytes)[0]
  const seen =
    lowest === undefined
      ? 'No trial was completed.'
      : `The lowest peak is that of ${printableLine(lowest.label)}, ${shortSize(lowest.bytes)}.`
  return [
    ...wrapWords(`No setting stays under ${formatBytes(limitBytes)}. ${seen}`, style.width).map(red),
    ...labelled(
      'Try',
      'fewer clients at a time, a smaller model, or --aggregation spooled: the working set of a round decides',
      style,
    ),
  ]
}

/** Returns one line of a shell that starts the server with a setting. */
function pasteLine(values: Setting['values'], job: Comparison['job']): string {
  const { arenaMax = 'unset', allocator = 'glibc', serverMemoryGcRounds = 0 } = values
  return [
    ...(arenaMax === 'unset' ? [] : [`MALLOC_ARENA_MAX=${arenaMax}`]),
    ...(allocator === 'glibc'
      ? []
      : [`LD_PRELOAD=${shellWord(findAllocator(String(allocator)) ?? `lib${allocator}.so`)}`]),
    `tidemark server --server-memory-gc-rounds ${serverMemoryGcRounds}`,
    `--aggregation ${job.aggregation ?? aggregationCompared.default}`,
  ].join(' ')
}

interface Row {
  summary: SettingSummary
  state: string
}

/** Sorts the chosen setting first, then those below the limit by round time, then the others. */
function rankedRows(
  summaries: readonly SettingSummary[],
  { limitBytes, chosen }: { limitBytes: number; chosen: string | undefined },
): Row[] {
  const stateOf = ({ label, peakBytes, failedTrials }: SettingSummary) => {
    if (label === chosen) return 'cheapest'
    if (failedTrials > 0) return 'out: a trial failed'
    if (peakBytes === null) return 'not tried'
    return peakBytes.high >= limitBytes ? 'out: above the limit' : 'below'
  }
  const rows = summaries.map((summary) => ({ summary, state: stateOf(summary) }))
  const rank = ({ state }: Row) => STATES.findIndex((one) => state.startsWith(one))
  return rows.sort((a, b) => rank(a) - rank(b) || (a.summary.roundMs?.median ?? 0) - (b.summary.roundMs?.median ?? 0))
}

const STATES = ['cheapest', 'below', 'out', 'not tried']

function settingRows(rows: readonly Row[], labels: readonly string[], style: TerminalStyle): string[] {
  const { bold, green, red } = pc.createColors(style.hasColor)
  const mark = style.isPlain ? '> ' : '▸ '
  const hasChoice = rows.some(({ state }) => state === 'cheapest')
  const columns: Column[] = [
    {
      head: `${hasChoice ? '  ' : ''}setting`,
      cells: rows.map(({ state }, i) => `${hasChoice ? (state === 'cheapest' ? mark : '  ') : ''}${labels[i]}`),
      align: 'left',
      paint: (text, row) => (rows[row]!.state === 'cheapest' ? bold(text) : text),
    },
    {
      head: 'verdict',
      cells: rows.map(({ state }) => state),
      align: 'left',
      paint: (text) => (text.startsWith('out') ? red(text) : text.startsWith('cheapest') ? green(text) : text),
    },
    {
      head: 'peak MiB',
      cells: rows.map(({ summary: { peakBytes } }) => (peakBytes === null ? '-' : shortMib(peakBytes.high))),
      align: 'right',
    },
    {
      head: 'a round',
      cells: rows.map(({ summary: { roundMs } }) => (roundMs === null ? '-' : formatDuration(roundMs.median))),
      align: 'right',
    },
    { head: 'trials', cells: rows.map(({ summary: { trials } }) => String(trials)), align: 'right' },
  ]
  while (columns.length > 3 && widthOfColumns(columns) > style.width) columns.pop()
  return drawColumns(columns, style)
}
