import stringWidth from 'string-width'
import wrapAnsi from 'wrap-ansi'

/** What the place can show that a text is printed to. */
export interface TerminalStyle {
  /** Columns. */
  width: number
  hasColor: boolean
  /** ASCII alone. */
  isPlain: boolean
}

/** Where there is no terminal to ask. */
export const DEFAULT_WIDTH = 100

/** A narrower terminal breaks lines by itself. */
export const LEAST_WIDTH = 60

/**
 * Breaks a text at words. A word that is wider than a line is left whole, so that a path can be copied.
 *
 * @param head stands before the first line; the others are indented by its width
 */
export function wrapWords(text: string, width: number, head = ''): string[] {
  const indent = stringWidth(head)
  const lines = wrapAnsi(text, Math.max(20, width - indent), { hard: false, trim: true }).split('\n')
  return lines.map((line, i) => `${i === 0 ? head : ' '.repeat(indent)}${line}`.trimEnd())
}

/** Fills up to a width in columns; wide letters count two, marks that combine none. */
export function padColumns(text: string, columns: number, align: 'left' | 'right' = 'left'): string {
  const blanks = ' '.repeat(Math.max(0, columns - stringWidth(text)))
  return align === 'left' ? text + blanks : blanks + text
}

/** A plain text in at most so many columns; what is cut away is marked at its end. */
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

/** Signs beyond ASCII that our own texts use, by what stands for them without Unicode. */
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

/** A text of ours as a terminal without Unicode shows it; other letters beyond ASCII become `?`. */
export function toAscii(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: everything that is not ASCII
  return text.replaceAll(/[^\u0000-\u007f]/gu, (sign) => ASCII[sign] ?? '?')
}
