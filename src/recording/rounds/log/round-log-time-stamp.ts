/**
 * Time stamp near the start of a line: `2026-11-23 20:48:23,708` as Python's logging writes it, in
 * local time, or ISO 8601 with a zone. `[` or a level may precede it.
 */
const STAMP = /^.{0,20}?(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?\s?(Z|[+-]\d\d:?\d\d)?(?![\d:])/

/** The same as a value of a JSON log, under one of the usual names. */
const JSON_STAMP = new RegExp(
  `^\\{.*?"(?:asctime|time|timestamp|@timestamp|ts)"\\s*:\\s*"${STAMP.source.slice('^.{0,20}?'.length)}`,
)

/** Returns the Unix ms of the line's own time stamp, or null if it has none. */
export function readTimeStamp(line: string): number | null {
  const match = STAMP.exec(line) ?? (line.startsWith('{') ? JSON_STAMP.exec(line) : null)
  if (match === null) return null
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as Six
  const ms = match[7] === undefined ? 0 : Number(`0.${match[7]}`) * 1000
  const zone = match[8]
  const wholeMs =
    zone === undefined
      ? new Date(year, month - 1, day, hour, minute, second).getTime()
      : Date.UTC(year, month - 1, day, hour, minute, second) - zoneMs(zone)
  return wholeMs + ms
}

type Six = [number, number, number, number, number, number]

function zoneMs(zone: string): number {
  if (zone === 'Z') return 0
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2))
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000
}
