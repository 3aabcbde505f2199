import { MIB } from '../../shared/units.js'

const GIB = 1024 * MIB

/**
 * Formats bytes to about three digits with their unit, for sentences: `77 MiB`, `2.9 MiB`, `1.3
 * GiB`.
 */
export function shortSize(bytes: number): string {
  const size = Math.abs(bytes)
  if (size >= 10 * GIB) return `${trim(bytes / GIB)} GiB`
  if (size >= 0.95 * MIB) return `${trim(bytes / MIB)} MiB`
  if (size >= 1024) return `${trim(bytes / 1024)} KiB`
  return `${Math.round(bytes)} B`
}

/** Formats bytes in MiB without the unit, for columns: `77`, `2.9`. */
export function shortMib(bytes: number): string {
  return trim(bytes / MIB)
}

/** Formats a share as whole percent with its sign: `-27 %`; below one percent `-0.4 %`. */
export function shortPercent(share: number): string {
  const percent = 100 * share
  const digits = Math.abs(percent) < 0.95 && percent !== 0 ? 1 : 0
  const text = percent.toFixed(digits)
  if (Number(text) === 0) return '0 %'
  return `${percent > 0 ? '+' : ''}${text} %`
}

function trim(value: number): string {
  return Math.abs(value) < 9.95 ? value.toFixed(1) : value.toFixed(0)
}

/** Formats two sizes in the unit of the larger one: `64 to 107 MiB`. */
export function sizeRange(low: number, high: number): string {
  const isInMib =
    [low, high].every((bytes) => Math.abs(bytes) < 10 * GIB) && Math.max(Math.abs(low), Math.abs(high)) >= MIB
  return isInMib ? `${trim(low / MIB)} to ${trim(high / MIB)} MiB` : `${shortSize(low)} to ${shortSize(high)}`
}

/** Formats sizes in MiB with the unit only once: `62 MiB in use, 15 garbage`. */
export function sizeList(parts: readonly [bytes: number, name: string][]): string {
  if (parts.some(([bytes]) => bytes >= 10 * GIB))
    return parts.map(([bytes, name]) => `${shortSize(bytes)} ${name}`).join(', ')
  return parts.map(([bytes, name], i) => `${trim(bytes / MIB)}${i === 0 ? ' MiB' : ''} ${name}`).join(', ')
}
