/**
 * The kinds of options: how each parses a text, and the error where it cannot. The files in
 * `src/options` declare the options; kinds that hold several values are in `list-types.ts`.
 */

import { formatBytes, MIB, parseBytes, parseDurationMs } from '../../shared/units.js'
import type { OptionSpec } from './spec.js'

export interface Wording {
  flag: string
  formerly?: string
  short?: string
  help: string
  placeholder?: string
  defaultText?: string
  onlyWith?: string
  notWith?: Readonly<Record<string, string>>
}

/** Returns defaults that depend on the algorithm, and their text in the help: `0 (cyclic: 1)`. */
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

/** Takes a number of bytes, or a share of something as a percentage. */
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

/** Growth: bytes or a percentage per round, or bytes per day. */
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

/** How far to look ahead. */
export type Horizon = { rounds: number } | { seconds: number }

/** Takes a number of rounds, or a time. */
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

/** Takes a part of the time, from one point to a later one. */
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

/** Takes `2/4`, or `auto/4`. */
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

export function wording(
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
