import { parseBytes } from '../../shared/units.js'
import type { Wording } from './option-types.js'
import { wording } from './option-types.js'
import type { OptionSpec } from './spec.js'
/**
 * Takes names for processes, each by a regular expression on the command line. May be given several
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

/** Takes columns of a table, each with the wanted value. May be given several times. */
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

/** Takes sizes by name. May be given several times. */
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

/** Takes axes of a comparison by name, each with its values. May be given several times. */
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
 * Splits at commas. A backslash before a comma makes it part of the value, as in hyperfine. Any
 * backslash that precedes neither a comma nor a backslash stands for itself.
 */
export function splitValues(given: string): string[] {
  const values = ['']
  for (const [part] of given.matchAll(/\\[\\,]|./gs)) {
    if (part === ',') values.push('')
    else values[values.length - 1] += part.length === 2 ? part.slice(1) : part
  }
  return values
}

/** Returns the text that {@link parameterLists} parses to these values. */
export function joinValues(values: readonly (string | number)[]): string {
  return values.map((value) => String(value).replaceAll(/[\\,]/g, '\\$&')).join(',')
}

export function numberOrText(given: string): string | number {
  return given !== '' && String(Number(given)) === given ? Number(given) : given
}

export function regExpOf(source: string): RegExp | undefined {
  try {
    return new RegExp(source)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Takes numbers by name. May be given several times. */
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

export function formatNamedNumbers(values: Record<string, number>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')
}

/** Makes an axis of a comparison from an option: a comma-separated list without repeats. */
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

/** Takes names separated by commas, without repeats. */
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
