/**
 * Reads times and durations as people and loggers write them. Fields count as UTC if the cell names
 * no zone.
 */

/** Which number of `03/04/2026` is the day. */
export type DateOrder = 'day-first' | 'month-first'

export interface Moment {
  ms: number
  /** False if the cell names its zone, so that a clock change cannot make it ambiguous. */
  isLocal: boolean
}

const TIME =
  '(?<hour>\\d{1,2}):(?<minute>\\d{2})(?::(?<second>\\d{2})(?:[.,:](?<fraction>\\d{1,9}))?)?\\s*(?<half>[ap]\\.?m\\.?)?'
const ZONE =
  '(?:\\s*(?<zone>Z|[+-]\\d{2}(?::?\\d{2})?|[A-Z]{2,5}|\\[?[A-Z][a-z]+/[A-Za-z_]+\\]?)(?:\\s*\\[[\\w/]+\\])?)?'
const AFTER_DATE = `(?:(?:T|,?\\s+|_)${TIME}${ZONE})?$`
const YEAR_FIRST = new RegExp(`^(?<year>\\d{4})([-/.])(?<a>\\d{1,2})\\2(?<b>\\d{1,2})${AFTER_DATE}`, 'i')
const YEAR_LAST = new RegExp(`^(?<a>\\d{1,2})([-/.])(?<b>\\d{1,2})\\2(?<year>\\d{4}|\\d{2})${AFTER_DATE}`, 'i')
const COMPACT =
  /^(?<year>(?:19|20)\d{2})(?<a>\d{2})(?<b>\d{2})[T _-]?(?<hour>\d{2})(?<minute>\d{2})(?<second>\d{2})(?:[.,](?<fraction>\d{1,9}))?(?<zone>Z)?$/
const MONTH_NAME = /\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b/i

/**
 * Hours ahead of UTC. A zone that is not listed shifts every time by the same amount, so
 * differences stay correct.
 */
const ZONE_HOURS: Record<string, number> = {
  WEST: 1,
  BST: 1,
  CET: 1,
  CEST: 2,
  EET: 2,
  EEST: 3,
  MSK: 3,
  IST: 5.5,
  JST: 9,
  KST: 9,
  AEST: 10,
  AEDT: 11,
  EST: -5,
  EDT: -4,
  CDT: -5,
  MST: -7,
  MDT: -6,
  PST: -8,
  PDT: -7,
}

/**
 * Parses a date; undefined if the cell holds none, or an impossible one such as the 31st of June.
 */
export function parseDate(cell: string, order: DateOrder): Moment | undefined {
  const yearFirst = YEAR_FIRST.exec(cell)?.groups ?? COMPACT.exec(cell)?.groups
  if (yearFirst !== undefined) return momentOf(yearFirst, Number(yearFirst.a), Number(yearFirst.b))
  const yearLast = YEAR_LAST.exec(cell)?.groups
  if (yearLast !== undefined) {
    const [a, b] = [Number(yearLast.a), Number(yearLast.b)]
    return order === 'day-first' ? momentOf(yearLast, b, a) : momentOf(yearLast, a, b)
  }
  return MONTH_NAME.test(cell) && /\d/.test(cell) ? namedMonth(cell) : undefined
}

/** Returns the orders of day and month that a cell allows; undefined if it has no such order. */
export function ordersOf(cell: string): DateOrder[] | undefined {
  if (!YEAR_LAST.test(cell)) return undefined
  return (['day-first', 'month-first'] as const).filter((order) => parseDate(cell, order) !== undefined)
}

type Fields = Record<string, string | undefined>

function momentOf(fields: Fields, month: number, day: number): Moment | undefined {
  const given = Number(fields.year)
  const year = given < 100 ? 2000 + given : given
  const hour = hourOf(fields)
  const [minute, second] = [Number(fields.minute ?? 0), Number(fields.second ?? 0)]
  if (month < 1 || month > 12 || day < 1 || hour > 24 || minute > 59 || second > 60) return undefined
  const date = new Date(Date.UTC(year, month - 1, day))
  if (date.getUTCDate() !== day) return undefined
  const fractionMs = fields.fraction === undefined ? 0 : Number(`0.${fields.fraction}`) * 1000
  const localMs = date.getTime() + ((hour * 60 + minute) * 60 + second) * 1000 + fractionMs
  return { ms: localMs - zoneMs(fields.zone), isLocal: fields.zone === undefined }
}

/** Converts to 24 hours; midnight and noon are both 12 on a twelve-hour clock. */
function hourOf({ hour = '0', half }: Fields): number {
  if (half === undefined) return Number(hour)
  return (Number(hour) % 12) + (half.toLowerCase().startsWith('p') ? 12 : 0)
}

function zoneMs(zone: string | undefined): number {
  if (zone === undefined) return 0
  const [, sign, hours, minutes = '0'] = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone) ?? []
  if (hours === undefined) return (ZONE_HOURS[zone.toUpperCase()] ?? 0) * 3_600_000
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000
}

const NAMED_ZONE = /\s([A-Z]{2,5}|[+-]\d{4})(?=$|\s\d{4}$)/

/**
 * Parses a date with a month's name: `24 Aug 2026 07:46:59`, `Mon Aug 24 07:46:59 CEST 2026`,
 * `24/Aug/2026:07:46:59 +0200`, and syslog's `Aug 24 07:46:59`.
 */
function namedMonth(cell: string): Moment | undefined {
  const plain = cell
    .replace(/^(\d{1,2})\/([A-Za-z]{3})\/(\d{4}):/, '$1 $2 $3 ')
    .replace(/(\d{1,2})-([A-Za-z]{3})-(\d{2,4})/, '$1 $2 $3')
    .replace(/(:\d{2}),(\d{1,9})/, '$1.$2')
    .replace(/^[A-Za-z]{3,9},?\s+(?=\d|[A-Za-z]{3})/, (word) => (MONTH_NAME.test(word) ? word : ''))
  const [, zone] = NAMED_ZONE.exec(plain) ?? []
  const isLocal = zone === undefined || /^[AP]M$/.test(zone)
  const withoutZone = isLocal ? plain : plain.replace(NAMED_ZONE, '')
  const withYear = /\b\d{4}\b/.test(withoutZone)
    ? withoutZone
    : withoutZone.replace(/^([A-Za-z]{3,9}\s+\d{1,2})\s/, '$1 2000 ')
  const ms = Date.parse(`${withYear} UTC`)
  return Number.isFinite(ms) ? { ms: isLocal ? ms : ms - zoneMs(zone), isLocal } : undefined
}

const CLOCK =
  /^(?:(?<days>\d+)(?:-|\s*d(?:ays?)?,?\s*))?(?<first>\d{1,4}):(?<second>\d{2})(?::(?<third>\d{2}))?(?:[.,](?<fraction>\d{1,9}))?\s*(?<half>[ap]\.?m\.?)?$/i

/**
 * Parses a time of day or a duration with colons, in ms: `07:46:59`, `11:38:30 PM`, `1-02:03:04`,
 * `0 days 00:01:00`.
 *
 * @param isDuration true if two numbers are minutes and seconds, as ps writes them, rather than
 *   hours and minutes
 */
export function parseClock(cell: string, isDuration: boolean): number | undefined {
  const fields = CLOCK.exec(cell)?.groups as Fields | undefined
  if (fields === undefined) return undefined
  const { days = '0', first, second, third, fraction = '0', half } = fields
  const isShort = third === undefined && (isDuration || fields.fraction !== undefined)
  const hours = isShort ? 0 : hourOf({ hour: first, half })
  const [minutes, seconds] = isShort ? [first, second] : [second, third ?? '0']
  if (Number(seconds) > 60 || (!isShort && Number(minutes) > 59)) return undefined
  return (
    ((Number(days) * 24 + hours) * 60 + Number(minutes)) * 60_000 + (Number(seconds) + Number(`0.${fraction}`)) * 1000
  )
}
