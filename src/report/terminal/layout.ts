import pc from 'picocolors'
import stringWidth from 'string-width'
import wrapAnsi from 'wrap-ansi'

/** Capabilities of the place where a text is printed. */
export interface TerminalStyle {
  /** Width in columns. */
  width: number
  hasColor: boolean
  /** Whether only ASCII can be shown. */
  isPlain: boolean
}

/** Width where there is no terminal to ask. */
export const DEFAULT_WIDTH = 100

/** Least width; a narrower terminal breaks the lines itself. */
export const LEAST_WIDTH = 60

/**
 * Breaks a text at words, and not between a number and its unit. A word wider than a line stays
 * whole, so that a path can be copied.
 *
 * @param head stands before the first line; the others are indented by its width
 */
export function wrapWords(text: string, width: number, head = ''): string[] {
  const indent = stringWidth(head)
  const joined = text.replaceAll(UNIT_GAP, '\u00a0')
  const lines = wrapAnsi(joined, Math.max(20, width - indent), { hard: false, trim: true }).split('\n')
  return lines.map((line, i) => `${i === 0 ? head : ' '.repeat(indent)}${line.replaceAll('\u00a0', ' ')}`.trimEnd())
}

/** The blank between a number and its unit. */
const UNIT_GAP = /(?<=\d) (?=(?:%|[KMG]iB\b|B\b|ms\b|s\b|min\b))/g

/**
 * Breaks a line of a shell at words. Each line but the last ends in a backslash, so that all of
 * them can be pasted together.
 */
export function wrapShell(text: string, width: number): string[] {
  const lines = wrapAnsi(text, Math.max(20, width - 2), { hard: false, trim: true }).split('\n')
  return lines.map((line, i) => (i < lines.length - 1 ? `${line} \\` : line))
}

/** Returns the rows of the largest number, down to 3, whose lines fit. */
export function fittingRows(draw: (most: number) => string[], most: number, lines: number): string[] {
  for (let rows = most; rows > 3; rows--) {
    const drawn = draw(rows)
    if (drawn.length <= lines) return drawn
  }
  return draw(3)
}

/** Pads to a width in columns. Wide letters count two, combining marks none. */
export function padColumns(text: string, columns: number, align: 'left' | 'right' = 'left'): string {
  const blanks = ' '.repeat(Math.max(0, columns - stringWidth(text)))
  return align === 'left' ? text + blanks : blanks + text
}

/** Puts a heading in a column of its own before wrapped text. */
export function labelled(head: string, text: string, { width, hasColor }: TerminalStyle): string[] {
  const padded = head.padEnd(5)
  const [first = '', ...rest] = wrapWords(text, width, `${padded}  `)
  return [first.replace(padded, pc.createColors(hasColor).dim(padded)), ...rest]
}

/** A group of lines that is printed whole or not at all. */
export interface Section {
  lines: string[]
  /**
   * Importance. Sections of low weight are left out where all are too long; those of weight 9 never
   * are.
   */
  weight: number
}

/** Returns the lines of the sections that fit, without blank lines at the end. */
export function withinLines(sections: readonly Section[], most: number): string[] {
  const weights = [...new Set(sections.map(({ weight }) => weight))]
    .sort((a, b) => a - b)
    .filter((weight) => weight < 9)
  let left = [...sections]
  for (const weight of weights) {
    if (left.flatMap(({ lines }) => lines).length <= most) break
    left = left.filter((section) => section.weight !== weight)
  }
  const lines = left.flatMap((section) => section.lines)
  while (lines.at(-1) === '') lines.pop()
  return lines
}

/** Cuts a sentence to a number of columns after a whole word, and marks the cut. */
export function cutWords(text: string, columns: number, isPlain: boolean): string {
  if (stringWidth(text) <= columns) return text
  const mark = isPlain ? ' ...' : ' …'
  const cut = cutColumns(text, columns - mark.length + 1, isPlain).slice(0, -1)
  const end = cut.lastIndexOf(' ')
  // A word that takes half of the line is cut, so that something of it remains.
  return end < columns / 2 ? cutColumns(text, columns, isPlain) : `${cut.slice(0, end)}${mark}`
}

/** Cuts a plain text to a number of columns, and marks the cut at its end. */
export function cutColumns(text: string, columns: number, isPlain: boolean): string {
  if (stringWidth(text) <= columns) return text
  const mark = isPlain ? '~' : '…'
  let cut = ''
  for (const { segment } of SEGMENTER.segment(text)) {
    if (stringWidth(cut + segment) > columns - 1) break
    cut += segment
  }
  return cut + mark
}

/** Cuts a plain text at its start, as a path whose end tells most, and marks the cut. */
export function cutStart(text: string, columns: number, isPlain: boolean): string {
  if (stringWidth(text) <= columns) return text
  const mark = isPlain ? '~' : '…'
  let cut = ''
  for (const { segment } of [...SEGMENTER.segment(text)].reverse()) {
    if (stringWidth(segment + cut) > columns - 1) break
    cut = segment + cut
  }
  return mark + cut
}

const SEGMENTER = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** ASCII replacements for the other characters of our own texts. */
const ASCII: Record<string, string> = {
  '·': '|',
  '▸': '>',
  '…': '...',
  '–': '-',
  '×': 'x',
  '≥': '>=',
  '—': '-',
  '─': '-',
  '’': "'",
  '✓': 'ok',
  '✗': 'no',
}

/**
 * Returns one of our texts in ASCII, for a terminal without Unicode. Other characters beyond ASCII
 * become `?`.
 */
export function toAscii(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: everything that is not ASCII
  return text.replaceAll(/[^\u0000-\u007f]/gu, (sign) => ASCII[sign] ?? '?')
}
