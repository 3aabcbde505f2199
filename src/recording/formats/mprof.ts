import { bytesOfDecimalMib } from './decimal-mib.js'
import type { Lines } from './lines.js'
import { parseTag } from './mprof-tags.js'
import type { RecordingEvent } from './recording-event.js'

/**
 * Reads what `mprof run` of memory_profiler 0.61 writes: one record per line, with a tag, a space
 * and values.
 *
 * A zero means that nothing could be read (the process had ended, or a child was gone), so it
 * becomes a missing reading. Unknown tags are skipped, as mprof does; Tidemark's tags are read.
 *
 * @throws UsageError with the line number for a line that mprof cannot have written
 */
export function* readMprof(lines: Lines): Generator<RecordingEvent, undefined> {
  let runs = 0
  for (const line of lines) {
    if (!lines.isWhole) {
      // mprof was killed or is still writing; half a time stamp would pass for a whole one.
      yield { kind: 'note', message: `${lines.file} ends in the middle of line ${lines.number}, which is left out` }
      break
    }
    const event = parseLine(line, lines)
    if (event === undefined) continue
    if (event.kind === 'command') runs++
    yield event
  }
  if (runs > 1) yield { kind: 'note', message: runsNote(lines.file, runs) }
}

/** Returns the note for a file that is read as one recording although it holds several runs. */
export function runsNote(file: string, runs: number): string {
  return `${file} holds ${runs} runs, one after another: mprof appends to a file that exists`
}

const MEM = /^(\d+(?:\.\d+)?) (\d+(?:\.\d+)?)$/
const CHLD = /^(\d+) (\d+(?:\.\d+)?) (\d+(?:\.\d+)?)$/
const FUNC = /^(\S.*?) (\d+(?:\.\d+)?) (\d+(?:\.\d+)?) (\d+(?:\.\d+)?) (\d+(?:\.\d+)?)(?: (\d+))?$/

function parseLine(line: string, lines: Lines): RecordingEvent | undefined {
  const space = line.indexOf(' ')
  if (space <= 0) throw lines.error(line, 'a tag such as MEM, a space, and values')
  const tag = line.slice(0, space)
  const values = line.slice(space + 1)
  if (tag === 'MEM') {
    const match = MEM.exec(values)
    if (match === null) throw lines.error(line, 'MEM <MiB> <Unix seconds>')
    return { kind: 'reading', pid: null, timeMs: msOf(match[2]!), rssBytes: reading(match[1]!) }
  }
  if (tag === 'CHLD') {
    const match = CHLD.exec(values)
    if (match === null) throw lines.error(line, 'CHLD <pid> <MiB> <Unix seconds>')
    return { kind: 'reading', pid: Number(match[1]), timeMs: msOf(match[3]!), rssBytes: reading(match[2]!) }
  }
  if (tag === 'FUNC') {
    const match = FUNC.exec(values)
    if (match === null)
      throw lines.error(line, 'FUNC <function> <MiB> <Unix seconds> <MiB> <Unix seconds>, and perhaps a depth')
    return {
      kind: 'function',
      name: match[1]!,
      startMs: msOf(match[3]!),
      endMs: msOf(match[5]!),
      startBytes: bytesOfDecimalMib(match[2]!),
      endBytes: bytesOfDecimalMib(match[4]!),
      depth: match[6] === undefined ? null : Number(match[6]),
    }
  }
  if (tag === 'CMDLINE') return { kind: 'command', command: values }
  return parseTag(tag, values, (expected) => lines.error(line, expected))
}

function reading(mib: string): number | null {
  const bytes = bytesOfDecimalMib(mib)
  return bytes === 0 ? null : bytes
}

/** Counts the runs in a file: each begins with the command that was run. */
export function mprofRuns(events: Iterable<RecordingEvent>): number {
  let runs = 0
  for (const event of events) if (event.kind === 'command') runs++
  return runs
}

/**
 * Converts Unix seconds with 4 decimals to ms. They are tenths of a ms, but the floating-point
 * product is not exactly that.
 */
function msOf(seconds: string): number {
  return Math.round(Number(seconds) * 10_000) / 10
}
