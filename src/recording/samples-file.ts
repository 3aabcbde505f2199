import { closeSync, openSync, readSync } from 'node:fs'
import type { Sample } from './recording.js'

const CHUNK_BYTES = 2 ** 20

/**
 * The samples of a `samples.ndjson` one by one, in the order of time, without holding the file in memory. A last line
 * without its newline, as a killed recorder leaves it, is passed over.
 *
 * @param onBroken called with the number of each line that is no sample
 */
export function* samplesOf(file: string, onBroken: (line: number) => void): Generator<Sample, undefined> {
  const descriptor = openSync(file, 'r')
  let buffer = Buffer.allocUnsafe(CHUNK_BYTES)
  let kept = 0
  let number = 0
  try {
    for (;;) {
      if (kept === buffer.length) buffer = Buffer.concat([buffer, Buffer.allocUnsafe(buffer.length)])
      const length = readSync(descriptor, buffer, kept, buffer.length - kept, null)
      if (length === 0) return
      const end = kept + length
      let from = 0
      for (let to = buffer.indexOf(NEWLINE); to >= 0 && to < end; to = buffer.indexOf(NEWLINE, from)) {
        number++
        const sample = parseSample(buffer, from, to)
        if (sample === undefined) onBroken(number)
        else yield sample
        from = to + 1
      }
      buffer.copyWithin(0, from, end)
      kept = end - from
    }
  } finally {
    closeSync(descriptor)
  }
}

const NEWLINE = 0x0a
const [OPEN, CLOSE, COMMA, POINT, ZERO] = [0x5b, 0x5d, 0x2c, 0x2e, 0x30] as const

/** `[timeMs, pid, rssBytes, pid, rssBytes, ...]`, byte by byte: a day has millions of these numbers. */
function parseSample(bytes: Buffer, from: number, to: number): Sample | undefined {
  if (bytes[from] !== OPEN || bytes[to - 1] !== CLOSE) return undefined
  let timeMs: number | undefined
  let pid: number | undefined
  const rss: Sample['rss'] = []
  for (let at = from + 1; at < to; at++) {
    let digits = 0
    let divisor = 0
    const start = at
    for (; bytes[at] !== COMMA && at < to - 1; at++) {
      const digit = bytes[at]! - ZERO
      if (bytes[at] === POINT && divisor === 0) divisor = 1
      else if (digit < 0 || digit > 9) return undefined
      else {
        digits = digits * 10 + digit
        divisor *= 10
      }
    }
    if (at === start) return undefined
    const value = divisor > 1 ? digits / divisor : digits
    if (timeMs === undefined) timeMs = value
    else if (pid === undefined) pid = value
    else {
      rss.push([pid, value])
      pid = undefined
    }
  }
  return timeMs === undefined || pid !== undefined ? undefined : { timeMs, rss }
}
