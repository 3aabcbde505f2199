/**
 * The kinds of options: how each is read from a text, and what is said where it cannot be. The
 * options are in `options.ts`.
 */

import { formatBytes, MIB, parseBytes, parseDurationMs } from '../shared/units.js'
import type { OptionSpec } from './spec.js'

interface Wording {
  flag: string
  formerly?: string
  short?: string
  help: string
  placeholder?: string
  defaultText?: string
  onlyWith?: string
  notWith?: Readonly<Record<string, string>>
}

/** Defaults that depend on the algorithm, and how the help tells them: `0 (cyclic: 1)`. */
function defaults<T>({ default: general, defaultWith, defaultText }: DefaultsFrom<T>) {
  if (defaultWith === undefined) return { default: general }
  const others = Object.entries(defaultWith).map(([algorithm, value]) => `${algorithm}: ${value}`)
  return { default: general, defaultWith, defaultText: defaultText ?? `${general} (${others.join(', ')})` }
}

interface DefaultsFrom<T> {
  default: T
  defaultWith?: Readonly<Record<string, T>>
  defaultText?: string
}

export function integer<D = number>(
  from: Wording & { min: number; max?: number } & DefaultsFrom<number | D>,
): OptionSpec<number | D> {
  const { min, max = Number.MAX_SAFE_INTEGER } = from
  return {
    ...wording(from, 'N'),
    ...defaults(from),
    expected:
      max === Number.MAX_SAFE_INTEGER ? `a whole number of at least ${min}` : `a whole number from ${min} to ${max}`,
    parse: (text) => {
      const value = /^\d+$/.test(text.trim()) ? Number(text) : undefined
      return value !== undefined && value >= min && value <= max ? value : undefined
    },
  }
}

export function real(from: Wording & { above: number; max?: number; default: number }): OptionSpec<number> {
  const { above, max = Number.POSITIVE_INFINITY } = from
  return {
    ...wording(from, 'X'),
    default: from.default,
    expected: max === Number.POSITIVE_INFINITY ? `a number above ${above}` : `a number above ${above}, at most ${max}`,
    parse: (text) => {
      const value = text.trim() === '' ? Number.NaN : Number(text)
      return Number.isFinite(value) && value > above && value <= max ? value : undefined
    },
  }
}

export function bytes<D = number>(
  from: Wording & { min: number; max?: number; default: number | D },
): OptionSpec<number | D> {
  const { min, max = Number.POSITIVE_INFINITY } = from
  const least = min < MIB ? `${min} bytes` : `${formatBytes(min)}; a number without a unit is bytes`
  const most = max === Number.POSITIVE_INFINITY ? '' : `, at most ${formatBytes(max)}`
  return {
    ...wording(from, 'SIZE'),
    default: from.default,
    expected: `a size such as 50MB, 100MiB or 1.5GiB${most}, at least ${least}`,
    parse: (text) => {
      const value = parseBytes(text)
      return value !== undefined && value >= min && value <= max ? value : undefined
    },
  }
}

/** A number of bytes, or a share of something as a percentage. */
export function bytesOrShare<D = never>(from: Wording & { default: Amount | D }): OptionSpec<Amount | D> {
  return {
    ...wording(from, 'SIZE|PERCENT'),
    default: from.default,
    expected: 'a size above zero such as 0.5MiB, or a percentage above zero such as 0.1%',
    format: (value) => formatGrowth(value as Amount),
    parse: parseAmount,
  }
}

type Amount = { bytes: number } | { share: number }

/** Growth: bytes or a percentage a round, or bytes a day. */
export type Growth = Amount | { bytesPerDay: number }

export function growth<D = never>(from: Wording & { default: Growth | D }): OptionSpec<Growth | D> {
  return {
    ...wording(from, 'SIZE|PERCENT|SIZE/day'),
    default: from.default,
    expected:
      'a size a round such as 0.5MiB, a percentage a round such as 0.1%, or a size a day such as 50MiB/day; above zero',
    format: (value) => formatGrowth(value as Growth),
    parse: (text) => {
      const daily = /^(.*?)\s*(?:\/|per|a)\s*d(?:ay)?\s*$/i.exec(text)
      if (daily === null) return parseAmount(text)
      const amount = parseAmount(daily[1]!)
      return amount !== undefined && 'bytes' in amount ? { bytesPerDay: amount.bytes } : undefined
    },
  }
}

function parseAmount(text: string): Amount | undefined {
  const percent = /^\s*(\d+(?:\.\d+)?)\s*%\s*$/.exec(text)
  if (percent !== null) return Number(percent[1]) > 0 ? { share: Number(percent[1]) / 100 } : undefined
  const size = parseBytes(text)
  return size !== undefined && size > 0 ? { bytes: size } : undefined
}

function formatGrowth(value: Growth): string {
  if ('bytes' in value) return String(value.bytes)
  return 'share' in value ? `${value.share * 100}%` : `${value.bytesPerDay}/day`
}

export function durationMs<D = number>(from: Wording & { default: number | D }): OptionSpec<number | D> {
  return {
    ...wording(from, 'TIME'),
    default: from.default,
    expected: 'a duration above zero such as 500ms, 30s, 5m or 1h',
    format: (ms) => `${ms}ms`,
    parse: (text) => {
      const value = parseDurationMs(text)
      return value !== undefined && value > 0 ? value : undefined
    },
  }
}

/** How far one looks ahead. */
export type Horizon = { rounds: number } | { seconds: number }

/** A number of rounds, or a time. */
export function horizon<D>(from: Wording & { default: D }): OptionSpec<Horizon | D> {
  return {
    ...wording(from, 'ROUNDS|TIME'),
    default: from.default,
    expected: 'a number of rounds such as 5000, or a time such as 12h or 30d',
    parse: (text) => {
      if (/^\d+$/.test(text)) return Number(text) >= 1 && Number(text) <= 1e9 ? { rounds: Number(text) } : undefined
      const ms = parseDurationMs(text)
      return ms !== undefined && ms > 0 ? { seconds: ms / 1000 } : undefined
    },
  }
}

/** A part of the time. */
export function timeWindow<D>(from: Wording & { default: D }): OptionSpec<{ fromMs: number; toMs: number } | D> {
  return {
    ...wording(from, 'FROM,TO'),
    default: from.default,
    expected: 'two times with a comma between, the later one second: 0,20.5 or 10m,1h',
    parse: (text) => {
      const [fromMs, toMs, ...more] = text.split(',').map(parseDurationMs)
      if (fromMs === undefined || toMs === undefined || more.length > 0 || fromMs >= toMs) return undefined
      return { fromMs, toMs }
    },
  }
}

/**
 * Names for processes, each by a regular expression on the command line. May be given several
 * times.
 */
export function namedPatterns(from: Wording): OptionSpec<{ role: string; pattern: RegExp }[]> {
  return {
    ...wording(from, 'NAME=PATTERN'),
    repeats: true,
    default: [],
    defaultText: '',
    expected: 'NAME=PATTERN with a regular expression, for example server=runner_process',
    format: (roles) => roles.map(({ role, pattern }) => `${role}=${pattern.source}`).join('\n'),
    parse: (given) => {
      const roles = given.split('\n').map((line) => {
        const [, role, source] = /^([^=]+)=(.+)$/.exec(line) ?? []
        const pattern = source === undefined ? undefined : regExpOf(source)
        return role === undefined || pattern === undefined ? undefined : { role, pattern }
      })
      return roles.every((role) => role !== undefined) ? roles : undefined
    },
  }
}

/** Columns of a table, each with the value that is wanted. May be given several times. */
export function columnValues(from: Wording): OptionSpec<{ column: string; value: string }[]> {
  return {
    ...wording(from, 'COLUMN=VALUE'),
    repeats: true,
    default: [],
    defaultText: 'all rows',
    expected: 'COLUMN=VALUE, for example phase=end',
    format: (wanted) => wanted.map(({ column, value }) => `${column}=${value}`).join('\n'),
    parse: (given) => {
      const wanted = given.split('\n').map((line) => {
        const [, column, value] = /^([^=]+)=(.*)$/.exec(line) ?? []
        return column === undefined ? undefined : { column: column.trim(), value: value!.trim() }
      })
      return wanted.every((one) => one !== undefined) ? wanted : undefined
    },
  }
}

/** Sizes by name. May be given several times. */
export function namedSizes(from: Wording): OptionSpec<{ role: string; bytes: number }[]> {
  return {
    ...wording(from, 'ROLE=SIZE'),
    repeats: true,
    default: [],
    defaultText: '',
    expected: 'ROLE=SIZE, for example server=4GiB',
    format: (sizes) => sizes.map(({ role, bytes }) => `${role}=${bytes}`).join('\n'),
    parse: (given) => {
      const sizes = given.split('\n').map((line) => {
        const [, role, size = ''] = /^([^=]+)=(.+)$/.exec(line) ?? []
        const bytes = parseBytes(size)
        return role === undefined || bytes === undefined || bytes === 0 ? undefined : { role, bytes }
      })
      return sizes.every((size) => size !== undefined) ? sizes : undefined
    },
  }
}

/** Axes of a comparison by name, each with its values. May be given several times. */
export function parameterLists(from: Wording): OptionSpec<Record<string, (string | number)[]>> {
  return {
    ...wording(from, 'NAME VALUES'),
    isPair: true,
    repeats: true,
    default: {},
    defaultText: '',
    expected: 'a name and values with commas between, for example -L gc 0,5,1',
    format: (lists) =>
      Object.entries(lists)
        .map(([name, values]) => `${name}=${joinValues(values)}`)
        .join('\n'),
    parse: (given) => {
      const lists = given.split('\n').map((line) => /^([A-Za-z_]\w*)=(.+)$/s.exec(line))
      if (!lists.every((list) => list !== null)) return undefined
      return Object.fromEntries(lists.map(([, name, values]) => [name!, splitValues(values!).map(numberOrText)]))
    },
  }
}

/**
 * At commas; one that belongs to a value stands behind a backslash, as hyperfine has it. Any other
 * backslash is itself.
 */
function splitValues(given: string): string[] {
  const values = ['']
  for (const [part] of given.matchAll(/\\[\\,]|./gs)) {
    if (part === ',') values.push('')
    else values[values.length - 1] += part.length === 2 ? part.slice(1) : part
  }
  return values
}

/** The text that {@link parameterLists} reads as these values. */
export function joinValues(values: readonly (string | number)[]): string {
  return values.map((value) => String(value).replaceAll(/[\\,]/g, '\\$&')).join(',')
}

function numberOrText(given: string): string | number {
  return given !== '' && String(Number(given)) === given ? Number(given) : given
}

function regExpOf(source: string): RegExp | undefined {
  try {
    return new RegExp(source)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

export function choice<const T extends string, D = never>(
  from: Wording & { of: readonly T[] } & DefaultsFrom<T | D>,
): OptionSpec<T | D> {
  return {
    ...wording(from, from.of.join('|')),
    ...defaults(from),
    expected: `one of ${from.of.join(', ')}`,
    choices: from.of,
    parse: (text) => from.of.find((known) => known === text),
  }
}

/** Numbers by name. May be given several times. */
export function namedNumbers(from: Wording): OptionSpec<Record<string, number>> {
  return {
    ...wording(from, 'NAME=NUMBER'),
    repeats: true,
    default: {},
    defaultText: '',
    expected: 'NAME=NUMBER, for example mu=0.1',
    format: formatNamedNumbers,
    parse: (given) => {
      const pairs = given.split('\n').filter((line) => line !== '')
      const parsed = pairs.map((pair) => /^([A-Za-z_]\w*)=(.+)$/.exec(pair))
      const isGood = parsed.every((pair) => pair !== null && pair[2]!.trim() !== '' && Number.isFinite(Number(pair[2])))
      return isGood ? Object.fromEntries(parsed.map((pair) => [pair![1]!, Number(pair![2])])) : undefined
    },
  }
}

function formatNamedNumbers(values: Record<string, number>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')
}

export function text<D = string>(from: Wording & { default: string | D; placeholder: string }): OptionSpec<string | D> {
  return {
    ...wording(from, from.placeholder),
    default: from.default,
    expected: 'a text that is not empty',
    parse: (given) => (given === '' ? undefined : given),
  }
}

export function flag(from: Wording): OptionSpec<boolean> {
  return {
    ...wording(from, ''),
    default: false,
    expected: 'true or false',
    parse: (given) => (['true', '1', ''].includes(given) ? true : ['false', '0'].includes(given) ? false : undefined),
  }
}

/** The same option as an axis of a comparison: a comma-separated list without repeats. */
export function axisOf<T>(
  spec: OptionSpec<T>,
  from: { default: T[]; help?: string; also?: Record<string, T> },
): OptionSpec<T[]> {
  const words = Object.keys(from.also ?? {})
  const expected = `a comma-separated list, each ${[spec.expected, ...words.map((word) => `"${word}"`)].join(' or ')}`
  return {
    flag: spec.flag,
    ...(spec.onlyWith === undefined ? {} : { onlyWith: spec.onlyWith }),
    ...(spec.notWith === undefined ? {} : { notWith: spec.notWith }),
    placeholder: 'LIST',
    help: from.help ?? `${spec.help} A list: each value is a setting.`,
    default: from.default,
    defaultText: from.default
      .map((value) => words.find((word) => from.also?.[word] === value) ?? String(value))
      .join(','),
    expected: `${expected}, none twice`,
    parse: (given) => {
      const values = given.split(',').map((item) => (words.includes(item) ? from.also?.[item] : spec.parse(item)))
      const unique = new Set(values)
      const isGood =
        unique.size === values.length &&
        given.split(',').every((item, i) => words.includes(item) || values[i] !== undefined)
      return isGood ? (values as T[]) : undefined
    },
  }
}

/** `2/4`, or `auto/4`. */
export function shardOf(from: Wording): OptionSpec<{ index: number | 'auto'; of: number } | undefined> {
  return {
    ...wording(from, 'I/N'),
    default: undefined,
    expected: 'I/N with I from 1 to N, for example 2/4, or auto/4',
    format: (shard) => (shard === undefined ? '' : `${shard.index}/${shard.of}`),
    parse: (text) => {
      const [, index = '', count = ''] = /^(auto|\d+)\/(\d+)$/.exec(text.trim()) ?? []
      const of = Number(count)
      if (index === 'auto') return of >= 1 ? { index, of } : undefined
      return Number(index) >= 1 && Number(index) <= of ? { index: Number(index), of } : undefined
    },
  }
}

function wording(
  from: Wording,
  placeholder: string,
): Pick<
  OptionSpec<unknown>,
  'flag' | 'formerly' | 'short' | 'help' | 'placeholder' | 'defaultText' | 'onlyWith' | 'notWith'
> {
  return {
    flag: from.flag,
    ...(from.formerly === undefined ? {} : { formerly: from.formerly }),
    ...(from.onlyWith === undefined ? {} : { onlyWith: from.onlyWith }),
    ...(from.notWith === undefined ? {} : { notWith: from.notWith }),
    ...(from.short === undefined ? {} : { short: from.short }),
    help: from.help,
    placeholder: from.placeholder ?? placeholder,
    ...(from.defaultText === undefined ? {} : { defaultText: from.defaultText }),
  }
}

/** Names with commas between, each once. */
export function nameList<D>(from: Wording & { least: number; expected: string; default: D }): OptionSpec<string[] | D> {
  return {
    ...wording(from, 'LIST'),
    default: from.default,
    expected: from.expected,
    format: (names) => (names as string[]).join(','),
    parse: (text) => {
      const names = text.split(',').map((name) => name.trim())
      const isList = names.length >= from.least && new Set(names).size === names.length
      return isList && !names.includes('') ? names : undefined
    },
  }
}
