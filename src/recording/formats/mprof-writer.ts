import { decimalMib } from './decimal-mib.js'
import { formatTag, secondsOf } from './mprof-tags.js'
import type { RecordingEvent } from './recording-event.js'

/**
 * Yields a recording as the lines of a `.dat` file, newlines included. `mprof plot` and `mprof
 * peak` of memory_profiler 0.61 read it. MiB have 6 decimals, Unix seconds 4.
 *
 * The format has no place for rounds without times and for notes, so they are left out.
 */
export function* mprofLines(events: Iterable<RecordingEvent>): Generator<string, undefined> {
  for (const event of events) {
    const line = lineOf(event)
    if (line !== undefined) yield `${line}\n`
  }
}

function lineOf(event: RecordingEvent): string | undefined {
  switch (event.kind) {
    case 'command':
      return `CMDLINE ${event.command.replaceAll(/[\r\n]+/g, ' ')}`
    case 'reading': {
      const reading = `${decimalMib(event.rssBytes ?? 0, 6)} ${secondsOf(event.timeMs)}`
      return event.pid === null ? `MEM ${reading}` : `CHLD ${event.pid} ${reading}`
    }
    case 'function': {
      const start = `${decimalMib(event.startBytes, 4)} ${secondsOf(event.startMs)}`
      const end = `${decimalMib(event.endBytes, 4)} ${secondsOf(event.endMs)}`
      return `FUNC ${event.name} ${start} ${end}${event.depth === null ? '' : ` ${event.depth}`}`
    }
    case 'round':
      return event.startMs === null ? undefined : formatTag(event)
    case 'process':
    case 'origin':
      return formatTag(event)
    case 'note':
      return undefined
  }
}
