import { Lines } from '../lines.js'
import { type NamedValues, type Table, tableOfRecords } from './rows.js'

/**
 * A key with its value, in lines such as `ts=2026-03-03T08:15:00Z level=info msg="round done"
 * round=3 rss_mib=512`.
 */
const PAIR = /(?:^|\s)([A-Za-z_][\w./-]*)=("(?:[^"\\]|\\.)*"|[^\s"]*)/g
const LINE = /^\s*(?:[A-Za-z_][\w./-]*=(?:"(?:[^"\\]|\\.)*"|[^\s"]*)(?:\s+|$)){2,}$/

export function isLogfmt(line: string): boolean {
  return LINE.test(line)
}

/** Reads a log of keys and values, as Go's loggers write it; other lines are skipped. */
export function logfmtTable(file: string, content: Buffer | undefined): Table {
  return tableOfRecords(file, () => recordsOf(file, content))
}

function* recordsOf(file: string, content: Buffer | undefined): Generator<NamedValues, undefined> {
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
