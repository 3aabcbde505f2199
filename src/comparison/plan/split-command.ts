import { shellWord } from '../../shared/text.js'
import { fillPlaceholders } from './placeholders.js'

/**
 * Splits a command line into words, with the values of a setting filled in. A text with shell
 * characters outside quotes goes to /bin/sh, with quoted values; any other is split here, so that a
 * value with blanks stays one word.
 *
 * @throws SyntaxError when a quote is not closed
 */
export function splitCommand(
  command: string | readonly string[],
  values: Readonly<Record<string, string | number>>,
): string[] {
  if (typeof command !== 'string') return command.map((word) => fillPlaceholders(word, values))
  const words = splitWords(command)
  if (words === 'needs a shell') return ['/bin/sh', '-c', fillPlaceholders(command, values, shellWord)]
  return words.map((word) => fillPlaceholders(word, values))
}

/** Characters with a meaning to a shell. `{` is not among them, because placeholders use it. */
const SHELL_SIGN = /[|&;<>()$`*?~#!\n]/

/**
 * Splits at blanks; quotes and a backslash keep what they enclose, as in POSIX shells (XCU 2.2).
 */
function splitWords(line: string): string[] | 'needs a shell' {
  const words: string[] = []
  let word: string | undefined
  for (let at = 0; at < line.length; at++) {
    const sign = line[at]!
    if (sign === "'" || sign === '"') {
      const end = line.indexOf(sign, at + 1)
      if (end === -1) throw new SyntaxError(`the quote ${sign} is not closed`)
      const quoted = line.slice(at + 1, end)
      if (sign === '"' && /[$`\\]/.test(quoted)) return 'needs a shell'
      word = (word ?? '') + quoted
      at = end
    } else if (sign === '\\' && at + 1 < line.length) word = (word ?? '') + line[++at]
    else if (SHELL_SIGN.test(sign)) return 'needs a shell'
    else if (sign === ' ' || sign === '\t') {
      if (word !== undefined) words.push(word)
      word = undefined
    } else word = (word ?? '') + sign
  }
  if (word !== undefined) words.push(word)
  return /^[A-Za-z_]\w*=/.test(words[0] ?? '') ? 'needs a shell' : words
}
