import { UsageError } from '../../shared/errors.js'
import { parseBytes, parseDurationMs } from '../../shared/units.js'

/** A span of rounds or of time. */
export type Span = { rounds: number } | { ms: number }

/** One condition on the live state. `role` null: any role, or for memory now the whole tree. */
export type Term =
  | { kind: 'verdict'; is: 'grows' | 'rises' | 'level'; role: string | null }
  | { kind: 'memory'; of: 'rss' | 'peak'; role: string | null; isAbove: boolean; bound: Bound }
  | { kind: 'limit within'; role: string | null; span: Span }
  | { kind: 'flat'; role: string | null; span: Span }

export type Bound = { bytes: number } | { shareOfLimit: number }

/** Terms that all have to hold. */
export interface Condition {
  /** The condition as the user gave it. */
  text: string
  terms: Term[]
}

const ROLE = '(?:\\(([^()]+)\\))?'
const FORMS = 'grows, rises, level, rss > 8GiB, peak(server) > 90% of limit, limit within 30m, rss flat for 100 rounds'

/**
 * Parses a condition of `--when` and `--fail-when`. Its terms, joined by `and`:
 *
 *     grows | rises | level            of one role with (ROLE)
 *     rss > SIZE | peak > N% of limit  also <; of one role with (ROLE)
 *     limit within TIME | N rounds
 *     rss flat for TIME | N rounds
 *
 * @param option the option that it was given with, for messages
 * @throws UsageError when it is no condition
 */
export function parseCondition(text: string, option: string): Condition {
  const terms = text.split(/\s+and\s+/).map((part) => termOf(part.trim()))
  const wrong = terms.indexOf(undefined)
  if (wrong >= 0)
    throw new UsageError(`${option}: found "${text}", expected a condition such as ${FORMS}`, {
      fix: 'Several that all have to hold are joined by "and": grows and rss > 2GiB.',
    })
  return { text, terms: terms.map((term) => term!) }
}

function termOf(text: string): Term | undefined {
  return verdictTerm(text) ?? memoryTerm(text) ?? limitTerm(text) ?? flatTerm(text)
}

function verdictTerm(text: string): Term | undefined {
  const [, is, role = null] = new RegExp(`^(grows|rises|level)${ROLE}$`).exec(text) ?? []
  return is === undefined ? undefined : { kind: 'verdict', is: is as 'grows' | 'rises' | 'level', role }
}

function memoryTerm(text: string): Term | undefined {
  const [, of, role = null, sign, bound] = new RegExp(`^(rss|peak)${ROLE}\\s*([<>])\\s*(.+)$`).exec(text) ?? []
  const parsed = bound === undefined ? undefined : boundOf(bound)
  if (parsed === undefined) return undefined
  return { kind: 'memory', of: of as 'rss' | 'peak', role, isAbove: sign === '>', bound: parsed }
}

function boundOf(text: string): Bound | undefined {
  const [, percent] = /^(\d+(?:\.\d+)?)\s*%\s+of\s+limit$/.exec(text) ?? []
  if (percent !== undefined) return Number(percent) > 0 ? { shareOfLimit: Number(percent) / 100 } : undefined
  const bytes = parseBytes(text)
  return bytes === undefined || bytes === 0 ? undefined : { bytes }
}

function limitTerm(text: string): Term | undefined {
  const [, role = null, span] = new RegExp(`^limit${ROLE}\\s+within\\s+(.+)$`).exec(text) ?? []
  const parsed = span === undefined ? undefined : spanOf(span)
  return parsed && { kind: 'limit within', role, span: parsed }
}

function flatTerm(text: string): Term | undefined {
  const [, role = null, span] = new RegExp(`^rss${ROLE}\\s+flat\\s+for\\s+(.+)$`).exec(text) ?? []
  const parsed = span === undefined ? undefined : spanOf(span)
  return parsed && { kind: 'flat', role, span: parsed }
}

function spanOf(text: string): Span | undefined {
  const [, rounds] = /^(\d+)\s+rounds?$/.exec(text) ?? []
  if (rounds !== undefined) return Number(rounds) > 0 && Number(rounds) <= 1000 ? { rounds: Number(rounds) } : undefined
  const ms = parseDurationMs(text)
  return ms === undefined || ms === 0 ? undefined : { ms }
}
