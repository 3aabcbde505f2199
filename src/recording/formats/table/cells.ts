import { MIB } from '../../../shared/units.js'

/** Spellings of a missing value, in lower case. */
const MISSING = new Set(
  ['', '-', '--', '---', '.', '?', 'nan', 'null', 'nil', 'none', 'na', 'n/a', '#n/a', 'undefined', 'unknown'].flatMap(
    (word) => [word, `<${word}>`],
  ),
)

export function isMissing(cell: string): boolean {
  return MISSING.has(cell.toLowerCase())
}

/** How a table writes its numbers: the decimal mark and the thousands separator. */
export interface NumberStyle {
  decimal: '.' | ','
}

export const PLAIN_NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i
const THOUSANDS_POINT = /^[+-]?\d{1,3}(?:([, '_\u00a0\u202f\u2019])\d{3})(?:\1\d{3})*(?:\.\d+)?$/
const THOUSANDS_COMMA = /^[+-]?\d{1,3}(?:([. '_\u00a0\u202f\u2019])\d{3})(?:\1\d{3})*(?:,\d+)?$/
const DECIMAL_COMMA = /^[+-]?\d+,\d+(?:e[+-]?\d+)?$/i
const SEPARATORS = /[ '_\u00a0\u202f\u2019]/g

/** Returns the number as plain text, ready for Number(); undefined if the cell holds no number. */
export function plainNumber(cell: string, { decimal }: NumberStyle): string | undefined {
  if (decimal === '.') {
    if (PLAIN_NUMBER.test(cell)) return cell
    return THOUSANDS_POINT.test(cell) ? cell.replace(SEPARATORS, '').replaceAll(',', '') : undefined
  }
  if (DECIMAL_COMMA.test(cell)) return cell.replace(',', '.')
  if (THOUSANDS_COMMA.test(cell)) return cell.replace(SEPARATORS, '').replaceAll('.', '').replace(',', '.')
  return PLAIN_NUMBER.test(cell) ? cell : undefined
}

/**
 * Returns which role a comma can have in a number: before the decimals, between thousands, or
 * either.
 */
export function commaIn(cell: string): 'decimal' | 'thousands' | 'either' | undefined {
  const [number = ''] = /^[+-]?[\d.,]+/.exec(cell) ?? []
  if (!number.includes(',')) return undefined
  const isThousands = THOUSANDS_POINT.test(number)
  const isDecimal = DECIMAL_COMMA.test(number) || THOUSANDS_COMMA.test(number)
  if (isThousands && isDecimal) return 'either'
  return isDecimal ? 'decimal' : isThousands ? 'thousands' : undefined
}

/**
 * Bytes per unit, by the unit in a cell or in a column's name. `kB` in this spelling is that of
 * /proc and means 1024 bytes; a single letter is that of ps, top, sacct and Kubernetes, which count
 * in 1024 too.
 */
const BYTES_PER_UNIT: Record<string, number> = {
  b: 1,
  byte: 1,
  bytes: 1,
  k: 1024,
  kb: 1e3,
  ki: 1024,
  kib: 1024,
  kibibyte: 1024,
  kibibytes: 1024,
  kilobyte: 1e3,
  kilobytes: 1e3,
  m: MIB,
  mb: 1e6,
  mi: MIB,
  mib: MIB,
  mebibyte: MIB,
  mebibytes: MIB,
  megabyte: 1e6,
  megabytes: 1e6,
  g: 1024 * MIB,
  gb: 1e9,
  gi: 1024 * MIB,
  gib: 1024 * MIB,
  gigabyte: 1e9,
  gigabytes: 1e9,
  gibibyte: 1024 * MIB,
  gibibytes: 1024 * MIB,
  t: MIB * MIB,
  tb: 1e12,
  ti: MIB * MIB,
  tib: MIB * MIB,
}

/** Page size of x86 and most other machines; some ARM and POWER kernels use 16 or 64 KiB. */
const PAGE_BYTES = 4096

/** Returns the bytes of a unit of `--unit`: those above, and pages. */
export function bytesPerAskedUnit(unit: string): number | undefined {
  return unit === 'pages' ? PAGE_BYTES : bytesPerUnit(unit)
}

export function bytesPerUnit(unit: string): number | undefined {
  if (unit === 'kB') return 1024
  return BYTES_PER_UNIT[unit.toLowerCase()]
}

/**
 * A number, its unit, and what may follow it: `98.79MiB / 15.51GiB`, `430000K`, `512 MB (12 %)`.
 */
const SIZE = /^([+-]?[\d.,'_ \u00a0\u202f\u2019]*\d)\s*([a-z]{1,9})(?:\s*[/(;,](?!\s*s(?:ec|econd)?$).*)?$/i
/** The same pair without a unit: `512 / 2048`. */
const FIRST_OF_TWO = /^([+-]?[\d.,]*\d)\s+\/\s+[\d.,]+$/

/** Splits a size into number and unit; undefined if the cell holds no size. */
export function sizeParts(cell: string): { number: string; bytesPerUnit: number | undefined } | undefined {
  const [, number, unit] = SIZE.exec(cell) ?? []
  const factor = unit === undefined ? undefined : bytesPerUnit(unit)
  if (factor !== undefined) return { number: number!.trim(), bytesPerUnit: factor }
  const [, first] = FIRST_OF_TWO.exec(cell) ?? []
  return first === undefined ? undefined : { number: first, bytesPerUnit: undefined }
}

export function isPercent(cell: string): boolean {
  return /^[+-]?[\d.,]+\s*%$/.test(cell)
}
