import pc from 'picocolors'
import { printableLine } from '../../shared/printable.js'
import { count } from '../../shared/text.js'
import {
  certaintySentence,
  doesSentence,
  type JudgedSeries,
  lengthWords,
  limitSentence,
} from '../prose/analysis-sentences.js'
import { verdictWord } from '../prose/behaviour.js'
import { shortMib, shortSize, sizeRange } from '../prose/short-size.js'
import { type Column, drawColumns, widthOfColumns } from './columns.js'
import {
  cutStart,
  cutWords,
  fittingRows,
  LEAST_WIDTH,
  labelled,
  type TerminalStyle,
  toAscii,
  withinLines,
  wrapWords,
} from './layout.js'
import { shortLabels } from './short-labels.js'
import { sparkline, sparkRange } from './sparkline.js'

/** A series to print: its name, and its verdict, or null for a file that could not be read. */
export interface NamedSeries {
  name: string
  judged: JudgedSeries | null
  notes: readonly string[]
}

const INDENT = '  '
/** Most lines of the answer; 25 with the one that says how to see more. */
const MOST_LINES = 24
const MOST_ROWS = 14
const MOST_SPARK = 60
const LEAST_SPARK = 8

/**
 * Returns the verdicts of `tidemark analyze`, the answer first. One series has a sentence, its
 * curve, how certain that is and its limit; several have a row each, after a count of each verdict
 * and a sentence on those that grow.
 *
 * @returns at most 24 lines, each at most as wide as the style says; all text from outside is
 *   escaped
 */
export function analysisAnswer(series: readonly NamedSeries[], given: TerminalStyle): string[] {
  const style = { ...given, width: Math.max(LEAST_WIDTH, given.width) }
  const inner = { ...style, width: style.width - INDENT.length }
  const [only] = series
  const lines =
    series.length === 1 && only!.judged !== null
      ? answerOfOne({ ...only!, judged: only!.judged }, style, inner)
      : answerOfSeveral(series, style, inner)
  return style.isPlain ? lines.map(toAscii) : lines
}

function answerOfOne(
  { name, judged, notes }: NamedSeries & { judged: JudgedSeries },
  { width, hasColor }: TerminalStyle,
  inner: TerminalStyle,
): string[] {
  const { bold } = pc.createColors(hasColor)
  const range = sparkRange([judged.bytes])
  const columns = Math.min(MOST_SPARK, inner.width - 22)
  const curve =
    range === undefined || judged.bytes.length < 2
      ? []
      : [
          `${paintCurve(sparkline(judged.bytes, { range, columns, isPlain: inner.isPlain }), inner)}  ${rangeOf(judged)}`,
        ]
  const fact = (head: string, text: string | undefined) =>
    text === undefined ? [] : labelled(head, printableLine(text), inner)
  const sections = [
    { lines: [...sentence('Memory', judged, inner), ...curve], weight: 9 },
    { lines: [''], weight: 1 },
    { lines: fact('Sure?', certaintySentence(judged)), weight: 9 },
    { lines: fact('Limit', limitSentence(judged)), weight: 9 },
    { lines: noteLines(notes, inner), weight: 2 },
  ]
  const [head = '', ...more] = wrapWords(`${printableLine(name)}  ${lengthWords(judged)}`, width)
  const title = [head.replace(printableLine(name), bold), ...more]
  return [...title, '', ...withinLines(sections, MOST_LINES - title.length - 1).map((line) => indented(line))]
}

function answerOfSeveral(series: readonly NamedSeries[], style: TerminalStyle, inner: TerminalStyle): string[] {
  const { bold, dim } = pc.createColors(style.hasColor)
  const ranked = [...series].sort((a, b) => urgency(a) - urgency(b))
  const words = [...new Set(ranked.map(wordOf))]
  const counts = words.map((word) => {
    const number = series.filter((one) => wordOf(one) === word).length
    return `${number} ${number === 1 ? word : (PLURALS[word] ?? word)}`
  })
  const alarming = ranked.filter((one) => ALARMING.includes(wordOf(one))).slice(0, 2)
  const sentences = alarming.flatMap((one) => sentence(printableLine(one.name), one.judged!, inner))
  const draw = (most: number) => {
    const shown = series.length <= most ? series : ranked.slice(0, most)
    const { labels, key } = labelsOf(shown, inner)
    const more = series.length - shown.length
    const below = [...(more > 0 ? [`and ${more} more with --details`] : []), ...key]
    return [
      ...drawColumns(columnsOf(shown, labels, inner), inner),
      ...below.flatMap((line) => wrapWords(line, inner.width)).map(dim),
    ]
  }
  const sections = [
    { lines: sentences, weight: 3 },
    { lines: sentences.length === 0 ? [] : [''], weight: 1 },
    { lines: fittingRows(draw, MOST_ROWS, MOST_LINES - sentences.length - 5), weight: 9 },
    {
      lines: noteLines(
        series.flatMap(({ notes }) => notes),
        inner,
      ),
      weight: 2,
    },
  ]
  const head = wrapWords(
    `${count(series.length, 'series').replace(/seriess$/, 'series')}: ${counts.join(', ')}`,
    style.width,
  )
  return [...head.map(bold), '', ...withinLines(sections, MOST_LINES - head.length - 1).map(indented)]
}

/** Verdicts as of several series. */
const PLURALS: Record<string, string> = {
  grows: 'grow',
  'still rises': 'still rise',
  falls: 'fall',
  'levels off': 'level off',
}

/**
 * Returns names that fit a column: whole, or the ends of long paths, or letters with a key where
 * those are the same.
 */
function labelsOf(
  shown: readonly NamedSeries[],
  { width, isPlain }: TerminalStyle,
): { labels: string[]; key: string[] } {
  const names = shown.map(({ name }) => printableLine(name))
  const columns = Math.max(16, Math.floor(width / 3))
  const ends = names.map((name) => cutStart(name, columns, isPlain))
  return new Set(ends).size === ends.length ? { labels: ends, key: [] } : shortLabels(names, columns)
}

/** Verdicts that a reader must see, the most urgent first. */
const ALARMING = ['grows', 'still rises', 'steps']
const BY_URGENCY = ['not read', ...ALARMING, 'undecided', 'saw-tooth', 'spike', 'falls', 'levels off', 'flat']

function urgency(one: NamedSeries): number {
  return BY_URGENCY.indexOf(wordOf(one))
}

function wordOf({ judged }: NamedSeries): string {
  return judged === null ? 'not read' : verdictWord(judged.analysis)
}

function sentence(subject: string, judged: JudgedSeries, { width, hasColor }: TerminalStyle): string[] {
  const paint = painter(verdictWord(judged.analysis), hasColor)
  return wrapWords(`${subject} ${doesSentence(judged)}.`, width).map(paint)
}

function columnsOf(shown: readonly NamedSeries[], labels: string[], style: TerminalStyle): Column[] {
  const { hasColor, isPlain, width } = style
  const cell = (of: (judged: JudgedSeries) => string) => shown.map(({ judged }) => (judged === null ? '' : of(judged)))
  const name: Column = { head: 'series', cells: labels, align: 'left' }
  const verdict: Column = {
    head: 'verdict',
    cells: shown.map(wordOf),
    align: 'left',
    paint: (text, row) => painter(wordOf(shown[row]!), hasColor)(text),
  }
  const others: Column[] = [
    verdict,
    {
      head: 'level',
      cells: cell(({ analysis: { levelBytes } }) => (levelBytes === null ? '-' : shortMib(levelBytes))),
      align: 'right',
    },
    {
      head: 'lowest to highest',
      cells: cell(rangeOf),
      align: 'left',
    },
  ]
  const longest = Math.max(0, ...shown.map(({ judged }) => judged?.bytes.length ?? 0))
  while (others.length > 1 && widthOfColumns([name, ...others]) + LEAST_SPARK > width) others.pop()
  const columns = Math.min(MOST_SPARK, longest, width - widthOfColumns([name, ...others]))
  if (columns < Math.min(longest, LEAST_SPARK)) return [name, ...others]
  const curve: Column = {
    head: columns < 'each on its own scale'.length ? '' : 'each on its own scale',
    cells: cell(({ bytes }) => {
      const range = sparkRange([bytes])
      return range === undefined ? '' : sparkline(bytes, { range, columns, isPlain })
    }),
    align: 'left',
    paint: (text) => paintCurve(text, style),
  }
  return [name, curve, ...others]
}

/** Returns `100 to 217 MiB`, or one size where both look the same. */
function rangeOf({ bytes }: JudgedSeries): string {
  if (bytes.length === 0) return ''
  const [low, high] = bytes.reduce(
    ([least, most], one) => [Math.min(least, one), Math.max(most, one)],
    [Number.POSITIVE_INFINITY, 0],
  )
  return shortSize(low) === shortSize(high) ? shortSize(low) : sizeRange(low, high)
}

/**
 * Prints a single note whole, and summarizes several on one line: their number, and the first of
 * them as far as it fits.
 */
function noteLines(notes: readonly string[], { width, isPlain, hasColor }: TerminalStyle): string[] {
  const [first] = notes
  if (first === undefined) return []
  const { dim } = pc.createColors(hasColor)
  if (notes.length === 1) return wrapWords(`note: ${printableLine(first)}`, width).map(dim)
  return [dim(cutWords(`${notes.length} notes: ${printableLine(first)}`, width, isPlain))]
}

function painter(word: string, hasColor: boolean): (text: string) => string {
  const { green, red, yellow } = pc.createColors(hasColor)
  if (word === 'not read' || word === 'grows' || word === 'still rises') return red
  if (word === 'undecided' || word === 'steps') return yellow
  return word === 'flat' ? green : String
}

function paintCurve(text: string, { hasColor }: TerminalStyle): string {
  return pc.createColors(hasColor).cyan(text)
}

function indented(line: string): string {
  return line === '' ? '' : `${INDENT}${line}`
}
