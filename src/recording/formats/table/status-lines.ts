import { Lines } from '../lines.js'
import { momentOf } from './blocks.js'
import { type Row, type Table, take } from './rows.js'

/** A line of `/proc/PID/status` or `smaps_rollup`: `VmRSS: 512000 kB`. */
const LINE = /^\s*((?:Vm|Rss|Pss)\w*):\s+(\d+ kB)\s*$/
/** Number of records that are searched for names. */
const RECORDS_LOOKED_AT = 5000

export function isStatusLine(line: string): boolean {
  return LINE.test(line)
}

/**
 * Reads the output of a loop of grep over `/proc/PID/status`: a record ends where a name repeats.
 * Other lines are skipped.
 */
export function statusTable(file: string, content: Buffer | undefined): Table {
  const looked = [...take(recordsOf(file, content), RECORDS_LOOKED_AT)]
  const header = [...new Set(looked.flatMap(({ record }) => [...record.keys()]))]
  function* rows(): Generator<Row, undefined> {
    for (const { record, line } of recordsOf(file, content))
      yield { cells: header.map((name) => record.get(name) ?? ''), line }
  }
  return { file, header, place: file, rows }
}

function* recordsOf(
  file: string,
  content: Buffer | undefined,
): Generator<{ record: Map<string, string>; line: number }, undefined> {
  const lines = new Lines(file, content)
  let moment: string | undefined
  let record = new Map<string, string>()
  let line = 1
  for (const text of lines) {
    const [, name, value] = LINE.exec(text) ?? []
    if (name === undefined) {
      moment = momentOf([text], true) ?? moment
      continue
    }
    if (record.has(name)) {
      yield { record, line }
      record = new Map()
    }
    if (record.size === 0) {
      line = lines.number
      if (moment !== undefined) record.set('time', moment)
    }
    record.set(name, value!)
  }
  if (record.size > 0) yield { record, line }
}
