import { closestWord } from '../../../shared/did-you-mean.js'
import { messageOf, UsageError } from '../../../shared/errors.js'
import { PRESETS, ROUND_PRESETS } from './round-log-presets.js'
import type { RoundPattern, RoundWord } from './round-pattern.js'

/**
 * Returns the pattern for `--rounds` and `--rounds-end`. `--rounds` is a preset or a regular
 * expression. Its group, if it has one, is the round number; without a group, matches are counted.
 * A matching line begins a round and ends the previous one; after `end:`, or given as
 * `--rounds-end`, it ends its own round.
 *
 * @throws UsageError that shows a pattern which would work
 */
export function roundPattern(text: string | undefined, endText?: string): RoundPattern {
  const start = text === undefined ? undefined : checked('--rounds', text, readRoundPattern(text))
  if (endText === undefined) return start!
  const end = checked('--rounds-end', endText, readRoundEnd(endText))
  return start === undefined ? end : withEnd(start, end)
}

function checked(flag: string, text: string, pattern: RoundPattern | PatternFault): RoundPattern {
  if (!('problem' in pattern)) return pattern
  throw new UsageError(`${flag}: "${text}" ${pattern.problem}`, {
    fix: pattern.example === undefined ? pattern.fix : `${pattern.fix}${flag} '${pattern.example}'`,
  })
}

/**
 * Adds round ends to a pattern. Lines for the end of the job take precedence, since they may look
 * like the end of a round.
 */
function withEnd(start: RoundPattern, end: RoundPattern): RoundPattern {
  return { ...start, words: [...end.words, ...start.words] }
}

/**
 * Why a text is not a pattern of rounds: `has 2 groups, expected one: ...`. The fix ends with the
 * example, if there is one.
 */
export interface PatternFault {
  problem: string
  fix: string
  example?: string
}

/**
 * Reads a pattern like {@link roundPattern} but returns faults as data, for texts from elsewhere
 * than the command line.
 */
export function readRoundPattern(text: string): RoundPattern | PatternFault {
  const preset = PRESETS[text]
  if (preset !== undefined) return preset
  const [, isEnd, source] = /^(end:)?(.*)$/s.exec(text) as unknown as [string, string | undefined, string]
  const meant = /^\w+$/.test(text) ? closestWord(text, ROUND_PRESETS) : undefined
  if (meant !== undefined) return { problem: `is no preset`, fix: `Did you mean "${meant}"?` }
  return ownPattern(source, isEnd === undefined ? 'round-start' : 'round-end')
}

/** Reads the text of `--rounds-end`. */
export function readRoundEnd(text: string): RoundPattern | PatternFault {
  return ownPattern(text.replace(/^end:/, ''), 'round-end')
}

function ownPattern(source: string, kind: 'round-start' | 'round-end'): RoundPattern | PatternFault {
  const pattern = compile(source)
  if ('problem' in pattern) return pattern
  const groups = new RegExp(`${source}|`).exec('')!.length - 1
  if (groups > 1)
    return {
      problem: `has ${groups} groups, expected one at most: the digits of the round's number`,
      fix: 'Write the other groups as (?:...).',
    }
  return { words: [{ kind, pattern }], firstNumber: null, stampsCarryOver: false, countsOn: true }
}

function compile(source: string): RegExp | PatternFault {
  if (source === '')
    return { problem: 'has no text to look for', fix: 'For example: ', example: 'Round (\\d+) started' }
  try {
    return new RegExp(source)
  } catch (error) {
    return {
      problem: `is neither a preset (${ROUND_PRESETS.join(', ')}) nor a regular expression`,
      fix: `${messageOf(error)}\nFor example: `,
      example: 'Round (\\d+) started',
    }
  }
}

/** Returns the first word of the pattern that occurs in the line, or null. */
export function wordOf(pattern: RoundPattern, line: string): RoundWord | null {
  for (const word of pattern.words) {
    const match = word.pattern.exec(line)
    if (match === null) continue
    const { kind } = word
    if (kind === 'results') return { kind, received: Number(match[1]), failed: Number(match[2]) }
    if (kind !== 'round-start' && kind !== 'round-end') return { kind }
    const digits = match.length === 1 ? undefined : (match[1] ?? match.slice(2).find((group) => group !== undefined))
    if (digits === undefined) return { kind, number: null }
    const number = Number(digits)
    if (digits !== '' && Number.isSafeInteger(number) && number >= 0) return { kind, number }
  }
  return null
}
