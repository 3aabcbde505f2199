import pc from 'picocolors'
import stringWidth from 'string-width'
import type { Difference } from '../../verdict/difference/compare-settings.js'
import type { SettingDifference } from '../../verdict/difference/difference.js'
import type { ReportModel } from '../html/report-model.js'
import type { Shown } from '../prose/answer-sentences.js'
import { verdictWord } from '../prose/behaviour.js'
import { medianEndRss } from '../prose/median-end-rss.js'
import { shortMib, shortPercent, sizeRange } from '../prose/short-size.js'
import { type Column, drawColumns, widthOfColumns } from './columns.js'
import type { TerminalStyle } from './layout.js'
import { type SparkRange, sparkline, sparkRange } from './sparkline.js'

/** Least width of a sparkline. Fewer columns do not show a shape, so it is left out. */
const LEAST_SPARK = 8
const MOST_SPARK = 60

/**
 * Returns a row per setting: its mark and name, end RSS as a sparkline, the verdict, peak and end
 * RSS in MiB, and the differences from the baseline. Columns that do not fit are left out from the
 * right; the sparkline takes the remaining width.
 *
 * @returns lines that are at most as wide as requested, and the range of the sparklines in words
 */
export function settingsTable(
  view: ReportModel,
  shown: Shown,
  style: TerminalStyle,
): { lines: string[]; range: string } {
  const rows = shown.labels.map((label) => view.summaries.findIndex((summary) => summary.label === label))
  const series = rows.map((i) => medianEndRss(view.comparison, view.summaries[i]!.label))
  const range = sparkRange(series)
  const longest = Math.max(0, ...series.map((one) => one.length))
  const columns = columnsOf(view, shown, rows, style)
  const name = columns[0]!
  const fixed = columns.slice(1)
  const wanted = Math.min(longest, LEAST_SPARK)
  while (fixed.length > 1 && widthOfColumns([name, ...fixed]) + wanted > style.width) fixed.pop()
  const room = style.width - widthOfColumns([name, ...fixed])
  const spark = sparkColumn(series, range, { room: Math.min(room, MOST_SPARK), longest }, style)
  const drawn = [name, ...(spark === undefined ? [] : [spark]), ...fixed]
  return {
    lines: drawColumns(drawn, style),
    range: range === undefined || spark === undefined ? '' : rangeWords(range),
  }
}

function sparkColumn(
  series: readonly number[][],
  range: SparkRange | undefined,
  { room, longest }: { room: number; longest: number },
  { isPlain, hasColor }: TerminalStyle,
): Column | undefined {
  if (range === undefined || longest < 2 || room < Math.min(longest, LEAST_SPARK)) return undefined
  const columns = Math.min(room, longest)
  const colors = pc.createColors(hasColor)
  const head = ['end RSS by round', 'end RSS', 'RSS'].find((text) => text.length <= columns) ?? ''
  return {
    head,
    cells: series.map((one) => sparkline(one, { range, columns, isPlain })),
    align: 'left',
    paint: (text) => colors.cyan(text),
  }
}

function columnsOf(view: ReportModel, shown: Shown, rows: number[], style: TerminalStyle): Column[] {
  const colors = pc.createColors(style.hasColor)
  const { summaries, verdicts, choice } = view
  const of = rows.map((i) => ({ summary: summaries[i]!, verdict: verdicts[i]! }))
  const mark = style.isPlain ? '> ' : '▸ '
  const hasChoice = choice.label !== null
  const isChosen = (row: number) => of[row]!.summary.label === choice.label
  const expectedOf = (row: number) => of[row]!.verdict.expectation?.state
  const hasFailed = of.some(({ summary }) => summary.failedTrials > 0)
  const isUneven = new Set(of.map(({ summary }) => summary.trials)).size > 1
  const columns: (Column | undefined)[] = [
    {
      head: `${hasChoice ? '  ' : ''}setting`,
      cells: of.map(({ summary: { label } }, row) => {
        const before = hasChoice ? (isChosen(row) ? mark : '  ') : ''
        return `${before}${shown.names.get(label) ?? label}`
      }),
      align: 'left',
      paint: (text, row) => (isChosen(row) ? colors.bold(text) : text),
    },
    {
      head: 'verdict',
      cells: of.map(({ summary, verdict }) =>
        summary.trials === 0 ? (summary.failedTrials > 0 ? 'failed' : 'no trial') : verdictWord(verdict.analysis),
      ),
      align: 'left',
      paint: (text, row) => paintVerdict(text, { word: text.trim(), expected: expectedOf(row) }, colors),
    },
    sizeColumn(
      'peak',
      of.map(({ summary }) => summary.peakBytes?.median ?? null),
      of.map(({ summary }) => summary.hasSampledPeaks),
      style,
    ),
    sizeColumn(
      'end',
      of.map(({ summary }) => summary.endRssBytes?.median ?? null),
      [],
      style,
    ),
    hasFailed || isUneven
      ? {
          head: 'trials',
          cells: of.map(({ summary }) =>
            summary.failedTrials > 0 ? `${summary.trials}, ${summary.failedTrials} failed` : String(summary.trials),
          ),
          align: 'left',
        }
      : undefined,
    againstColumn(view, shown, rows),
  ]
  return columns.filter((column) => column !== undefined)
}

function paintVerdict(
  text: string,
  { word, expected }: { word: string; expected: string | undefined },
  colors: ReturnType<typeof pc.createColors>,
): string {
  if (word === 'failed' || expected === 'not met') return colors.red(text)
  if (expected === 'met') return colors.green(text)
  if (expected === 'undecided' || word === 'undecided') return colors.yellow(text)
  if (word === 'grows' || word === 'still rises') return colors.red(text)
  return word === 'flat' ? colors.green(text) : text
}

/** Returns a column of sizes; undefined where nothing was measured. */
function sizeColumn(
  head: string,
  bytes: (number | null)[],
  sampled: boolean[],
  { isPlain }: TerminalStyle,
): Column | undefined {
  if (bytes.every((one) => one === null)) return undefined
  const sign = isPlain ? '>=' : '≥'
  return {
    head,
    cells: bytes.map((one, row) => (one === null ? '-' : `${sampled[row] === true ? sign : ''}${shortMib(one)}`)),
    align: 'right',
  }
}

/** Returns the column of differences from the baseline; undefined where nothing was compared. */
function againstColumn({ differences }: ReportModel, { labels, names }: Shown, rows: number[]): Column | undefined {
  const of = labels.map((label) => differences.find((difference) => difference.label === label))
  const found = of.filter((difference) => difference !== undefined)
  const isMeasured = found.some(({ peak, end }) => peak !== null || end !== null)
  if (!isMeasured || rows.length < 2) return undefined
  const baselines = new Set(found.map(({ baseline }) => baseline))
  const only = baselines.size === 1 ? [...baselines][0]! : undefined
  const head = only === undefined ? 'against its baseline' : `against ${names.get(only) ?? only}`
  return {
    head: stringWidth(head) > 26 ? 'against baseline' : head,
    cells: of.map((difference, i) =>
      difference === undefined ? (labels[i] === only || only === undefined ? 'baseline' : '') : changeWords(difference),
    ),
    align: 'left',
  }
}

function changeWords({ peak, end }: SettingDifference): string {
  if ([peak, end].every((one) => one === null)) return 'not measured'
  const parts = [partOf('peak', peak), partOf('end', end)].filter((text) => text !== '')
  return parts.length === 0 ? 'no clear difference' : parts.join('  ')
}

/**
 * Describes a decided difference. With too few trials it gives that of the medians, with a question
 * mark.
 */
function partOf(measure: string, difference: Difference | null): string {
  if (difference === null || difference.share === null) return ''
  const { decision, share } = difference
  if (decision === 'too few trials') return `${measure} ${shortPercent(share)} ?`
  return decision === 'lower' || decision === 'higher' ? `${measure} ${shortPercent(share)}` : ''
}

/** Returns the unit of the columns, and the range of the curves. */
function rangeWords({ low, high }: SparkRange): string {
  return `sizes in MiB; curves from ${sizeRange(low, high)}`
}
