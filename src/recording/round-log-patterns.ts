import { messageOf, UsageError } from '../errors.js'

/** How a program's log tells of its rounds. */
export interface RoundPattern {
  readonly words: readonly { kind: RoundWord['kind']; pattern: RegExp }[]
  /** The number of the first round; null: 0 when the first number seen is 0, else 1. */
  readonly firstNumber: 0 | 1 | null
  /** A line without a time stamp belongs to the stamped line above it, as in a boxed title. */
  readonly stampsCarryOver: boolean
}

/** A line that says something of rounds; `number` as the program counts. */
export type RoundWord =
  | { kind: 'round-start' | 'round-end'; number: number }
  | { kind: 'results'; received: number; failed: number }
  | { kind: 'cleanup' | 'finished' }

/**
 * Held against the logs in test/fixtures/samples. NVFlare: `Memory cleanup at round N` is printed before the cleanup, the line of
 * `memory_utils` after its collection; Cyclic prints only the second. Older Flower writes `[ROUND 1]` and `Run finished`.
 */
const PRESETS: Record<string, RoundPattern> = {
  nvflare: {
    words: [
      { kind: 'round-start', pattern: /\bRound (\d+) started\./ },
      // The simulator prints no name of a logger.
      { kind: 'cleanup', pattern: /\b[Mm]emory cleanup at round \d+|\bgc\.collect\(\) freed \d+ unreachable/ },
      { kind: 'finished', pattern: /\bFinished [A-Z]\w*(?: Training)?\.\s*(?:$|")|\bSwarm Learning Done: / },
    ],
    firstNumber: 0,
    stampsCarryOver: true,
  },
  flower: {
    words: [
      { kind: 'round-start', pattern: /\[ROUND (\d+)(?:\/\d+)?\]/ },
      { kind: 'results', pattern: /\baggregate_(?:train|fit): [Rr]eceived (\d+) results and (\d+) failures/ },
      { kind: 'finished', pattern: /\bStrategy execution finished in |\bRun finished \d+ rounds?/ },
    ],
    firstNumber: 1,
    stampsCarryOver: false,
  },
}

/**
 * The pattern that `--rounds` asks for: a preset, or a regular expression whose one group is the round's number. A line
 * that matches begins a round, and ends the one before; after `end:` it ends its own.
 *
 * @throws UsageError that shows a pattern which would work
 */
export function roundPattern(text: string): RoundPattern {
  const pattern = readRoundPattern(text)
  if (!('problem' in pattern)) return pattern
  throw new UsageError(`--rounds: "${text}" ${pattern.problem}`, {
    fix: pattern.example === undefined ? pattern.fix : `${pattern.fix}--rounds '${pattern.example}'`,
  })
}

export const ROUND_PRESETS: readonly string[] = Object.keys(PRESETS)

/** Why a text is no pattern of rounds: `has no group, expected one: ...`. The fix ends with the example, where there is one. */
export interface PatternFault {
  problem: string
  fix: string
  example?: string
}

/** The same as data, for texts that did not come from the command line. */
export function readRoundPattern(text: string): RoundPattern | PatternFault {
  return PRESETS[text] ?? ownPattern(text)
}

function ownPattern(text: string): RoundPattern | PatternFault {
  const [, isEnd, source] = /^(end:)?(.*)$/s.exec(text) as unknown as [string, string | undefined, string]
  const pattern = compile(source)
  if ('problem' in pattern) return pattern
  const groups = new RegExp(`${source}|`).exec('')!.length - 1
  if (groups !== 1) {
    const problem = `has ${groups === 0 ? 'no group' : `${groups} groups`}, expected one: the digits of the round's number`
    if (groups > 1) return { problem, fix: 'Write the other groups as (?:...).' }
    return { problem, fix: 'For example: ', example: withGroup(text) }
  }
  const kind = isEnd === undefined ? 'round-start' : 'round-end'
  return { words: [{ kind, pattern }], firstNumber: null, stampsCarryOver: false }
}

function compile(source: string): RegExp | PatternFault {
  try {
    return new RegExp(source)
  } catch (error) {
    return {
      problem: `is neither ${ROUND_PRESETS.join(' nor ')} nor a regular expression`,
      fix: `${messageOf(error)}\nFor example: `,
      example: 'Round (\\d+) started',
    }
  }
}

/** The user's own text with a group where the number most likely stands. */
function withGroup(text: string): string {
  const digits = /\\d[+*]|\[0-9\][+*]|\d+/
  return digits.test(text) ? text.replace(digits, '(\\d+)') : `${text.trimEnd()} (\\d+)`
}

/** The first word of the pattern that stands in the line, or null. */
export function wordOf(pattern: RoundPattern, line: string): RoundWord | null {
  for (const word of pattern.words) {
    const match = word.pattern.exec(line)
    if (match === null) continue
    const { kind } = word
    if (kind === 'cleanup' || kind === 'finished') return { kind }
    const [first, second] = [Number(match[1]), Number(match[2])]
    if (kind === 'results') return { kind, received: first, failed: second }
    if (match[1] !== undefined && Number.isSafeInteger(first) && first >= 0) return { kind, number: first }
  }
  return null
}
