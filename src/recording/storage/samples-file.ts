import { closeSync, readSync } from 'node:fs'
import { UsageError } from '../../shared/errors.js'
import type { Sample } from '../recording.js'
import { openStored } from './stored-file.js'

const CHUNK_BYTES = 2 ** 20
/** Length that no line exceeds: a sample of two million processes. */
const LONGEST_LINE = 2 ** 26

/** One sample, in columns that are reused for the next one: a day has millions of readings. */
export interface SampleRow {
  timeMs: number
  /** Number of readings that the columns hold. */
  readings: number
  pids: Float64Array
  rssBytes: Float64Array
}

/**
 * Yields the samples of a `samples.ndjson` one by one, each an object of its own. See `sampleRows`.
 */
export function* samplesOf(file: string, onBroken: (line: number) => void): Generator<Sample, undefined> {
  for (const { timeMs, readings, pids, rssBytes } of sampleRows(file, onBroken)) {
    const rss: Sample['rss'] = []
    for (let i = 0; i < readings; i++) rss.push([pids[i]!, rssBytes[i]!])
    yield { timeMs, rss }
  }
}

/**
 * Yields the samples of a `samples.ndjson` one by one in the order of time, without holding the
 * file in memory; the row is the same object each time. Skips a last line without its newline, as a
 * killed recorder leaves it.
 *
 * @param onBroken called with the number of each line that is not a sample
 */
export function* sampleRows(file: string, onBroken: (line: number) => void): Generator<SampleRow, undefined> {
  const row: SampleRow = { timeMs: 0, readings: 0, pids: new Float64Array(16), rssBytes: new Float64Array(16) }
  const descriptor = openStored(file)
  let buffer = Buffer.allocUnsafe(CHUNK_BYTES)
  let kept = 0
  let number = 0
  try {
    for (;;) {
      if (kept >= LONGEST_LINE)
        throw new UsageError(`cannot read ${file}: line ${number + 1} is longer than any sample`)
      if (kept === buffer.length) buffer = Buffer.concat([buffer, Buffer.allocUnsafe(buffer.length)])
      const length = readSync(descriptor, buffer, kept, buffer.length - kept, null)
      if (length === 0) return
      const end = kept + length
      let from = 0
      for (let to = buffer.indexOf(NEWLINE); to >= 0 && to < end; to = buffer.indexOf(NEWLINE, from)) {
        number++
        if (parseSample(buffer, from, to, row)) yield row
        else onBroken(number)
        from = to + 1
      }
      buffer.copyWithin(0, from, end)
      kept = end - from
    }
  } finally {
    closeSync(descriptor)
  }
}

/** Largest number: above it a time is not a date and a size is not exact. */
const LARGEST = 8.64e15
const NEWLINE = 0x0a
const [OPEN, CLOSE, COMMA, POINT, ZERO, NINE] = [0x5b, 0x5d, 0x2c, 0x2e, 0x30, 0x39] as const

/**
 * Parses `[timeMs, pid, rssBytes, pid, rssBytes, ...]` byte by byte. Returns false if it is
 * anything else.
 */
function parseSample(bytes: Buffer, from: number, to: number, row: SampleRow): boolean {
  const end = to - 1
  if (bytes[from] !== OPEN || bytes[end] !== CLOSE) return false
  let numbers = 0
  row.readings = 0
  for (let at = from + 1; at <= end; at++) {
    let digits = 0
    let divisor = 0
    const start = at
    for (; at < end; at++) {
      const byte = bytes[at]!
      if (byte === COMMA) break
      if (byte === POINT && divisor === 0) divisor = 1
      else if (byte < ZERO || byte > NINE) return false
      else {
        digits = digits * 10 + byte - ZERO
        divisor *= 10
      }
    }
    if (at === start) return false
    const value = divisor > 1 ? digits / divisor : digits
    if (value > LARGEST) return false
    if (numbers === 0) row.timeMs = value
    else if (numbers % 2 === 0) row.rssBytes[row.readings++] = value
    else {
      if (row.readings === row.pids.length) widen(row)
      row.pids[row.readings] = value
    }
    numbers++
  }
  return numbers % 2 === 1
}

function widen(row: SampleRow): void {
  const [pids, rssBytes] = [row.pids, row.rssBytes]
  row.pids = new Float64Array(2 * pids.length)
  row.rssBytes = new Float64Array(2 * pids.length)
  row.pids.set(pids)
  row.rssBytes.set(rssBytes)
}

/** Returns `line 7 is no sample`, or how many are none. */
export function brokenSamples(lines: readonly number[]): string {
  return lines.length === 1
    ? `line ${lines[0]} is no sample`
    : `${lines.length} lines are no samples, the first is line ${lines[0]}`
}
