import { bytesOfDecimalMib } from './decimal-mib.js'
import type { Lines } from './lines.js'
import type { RecordingEvent } from './recording-event.js'

/**
 * Elapsed seconds, CPU in percent, and real memory. Virtual memory follows, except in old versions;
 * four integers of input and output may follow.
 */
const ROW = /^\s*(\d+\.\d+)\s+\d+\.\d+\s+(\d+\.\d+)(?:\s+\d+\.\d+(?:\s+\d+){0,4})?\s*$/

/**
 * Reads the plain log of psrecord 1.4: one header behind `#`, then right-aligned columns. Its "MB"
 * are MiB. Its CSV output is read like any other CSV.
 *
 * @throws UsageError with the line number
 */
export function* readPsrecord(lines: Lines): Generator<RecordingEvent, undefined> {
  for (const line of lines) {
    if (line.startsWith('#') || (line.trim() === '' && lines.number > 1)) continue
    const match = ROW.exec(line)
    if (match === null)
      throw lines.error(line, 'elapsed seconds, CPU %, real MB and virtual MB, as psrecord writes them')
    yield {
      kind: 'reading',
      pid: null,
      timeMs: Math.round(Number(match[1]) * 1000),
      rssBytes: bytesOfDecimalMib(match[2]!),
    }
  }
}
