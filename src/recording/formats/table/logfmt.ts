import { Lines } from '../lines.js'
import { type Row, type Table, take } from './rows.js'

/**
 * A key with its value, in lines such as `ts=2026-03-03T08:15:00Z level=info msg="round done"
 * round=3 rss_mib=512`.
 */
const PAIR = /(?:^|\s)([A-Za-z_][\w./-]*)=("(?:[^"\\]|\\.)*"|[^\s"]*)/g
const LINE = /^\s*(?:[A-Za-z_][\w./-]*=(?:"(?:[^"\\]|\\.)*"|[^\s"]*)(?:\s+|$)){2,}$/

/** Number of lines that are searched for keys. */
const LINES_LOOKED_AT = 5000

export function isLogfmt(line: string): boolean {
  return LINE.test(line)
}

/** Reads a log of keys and values, as Go's loggers write it; other lines are skipped. */
export function logfmtTable(file: string, content: Buffer | undefined): Table {
  const header = [
    ...new Set([...take(recordsOf(file, content), LINES_LOOKED_AT)].flatMap(({ record }) => [...record.keys()])),
  ]
  function* rows(): Generator<Row, undefined> {
    for (const { record, line } of recordsOf(file, content))
      yield { cells: header.map((key) => record.get(key) ?? ''), line }
  }
  return { file, header, place: file, rows }
}

function* recordsOf(
  file: string,
  content: Buffer | undefined,
): Generator<{ record: Map<string, string>; line: number }, undefined> {
  const lines = new Lines(file, content)
  for (const line of lines) {
    if (!isLogfmt(line)) continue
    const pairs = [...line.matchAll(PAIR)].map(([, key, value]) => [key!, unquoted(value!)] as const)
    yield { record: new Map(pairs), line: lines.number }
  }
}

function unquoted(value: string): string {
  return value.startsWith('"') ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1') : value
}
