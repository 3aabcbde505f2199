import pc from 'picocolors'
import { DEFAULT_WIDTH, type TerminalStyle } from '../../report/terminal/layout.js'

/**
 * Returns what a stream can show: its width, colours on a terminal that has them, and ASCII alone
 * where the locale has no more.
 */
export function terminalStyle(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv = process.env): TerminalStyle {
  const isTerminal = stream.isTTY === true
  return {
    width: isTerminal && stream.columns > 0 ? stream.columns : DEFAULT_WIDTH,
    hasColor: isTerminal && pc.isColorSupported,
    isPlain: isPlainTerminal(env),
  }
}

/**
 * Returns whether a terminal shows only ASCII. An unset locale does not mean so: containers set
 * none, and their terminals show Unicode.
 */
export function isPlainTerminal({ TERM, LC_ALL, LC_CTYPE, LANG }: NodeJS.ProcessEnv): boolean {
  const locale = LC_ALL || LC_CTYPE || LANG || ''
  return TERM === 'dumb' || (locale !== '' && !/utf-?8/i.test(locale))
}
