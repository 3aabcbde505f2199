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
 * Breaks a text at words. A word wider than a line stays whole, so that a path can be copied.
 *
 * @param head stands before the first line; the others are indented by its width
 */
export function wrapWords(text: string, width: number, head = ''): string[] {
  const indent = stringWidth(head)
  const lines = wrapAnsi(text, Math.max(20, width - indent), { hard: false, trim: true }).split('\n')
  return lines.map((line, i) => `${i === 0 ? head : ' '.repeat(indent)}${line}`.trimEnd())
}

/** Pads to a width in columns. Wide letters count two, combining marks none. */
export function padColumns(text: string, columns: number, align: 'left' | 'right' = 'left'): string {
  const blanks = ' '.repeat(Math.max(0, columns - stringWidth(text)))
  return align === 'left' ? text + blanks : blanks + text
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
