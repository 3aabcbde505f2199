import { Lines } from '../lines.js'
import { momentOf } from './blocks.js'
import { type NamedValues, type Table, tableOfRecords } from './rows.js'

/** A line of `/proc/PID/status` or `smaps_rollup`: `VmRSS: 512000 kB`. */
const LINE = /^\s*((?:Vm|Rss|Pss)\w*):\s+(\d+ kB)\s*$/

export function isStatusLine(line: string): boolean {
  return LINE.test(line)
}

/**
 * Reads the output of a loop of grep over `/proc/PID/status`: a record ends where a name repeats.
 * Other lines are skipped.
 */
export function statusTable(file: string, content: Buffer | undefined): Table {
  return tableOfRecords(file, () => recordsOf(file, content))
}

function* recordsOf(file: string, content: Buffer | undefined): Generator<NamedValues, undefined> {
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
