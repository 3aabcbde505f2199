import { suggestWord } from '../../shared/did-you-mean.js'
import { UsageError } from '../../shared/errors.js'
import type { RecordingFile } from './open-recording.js'
import type { ProcessEvent } from './recording-event.js'

export interface RecordingPeaks {
  /** The highest reading of the whole, and its time from the first one in ms. Null when there is none. */
  highest: { rssBytes: number; timeMs: number; round?: number } | null
  /** What was taken for what in a table, and what was left out of a file. */
  notes: string[]
  /** The highest reading of each process that the recording tells apart, in the order in which they appear. */
  children: { pid: number; rssBytes: number }[]
  /** Processes with their peaks as the kernel kept them, where the recording knows them. */
  processes: ProcessEvent[]
}

/**
 * The peaks of a recording, read once through.
 *
 * @param functionName only the whole's readings while this function of mprof's ran; children are told all the same
 * @throws UsageError when the file is broken, or no such function was timed
 */
export function recordingPeaks(file: RecordingFile, functionName?: string): RecordingPeaks {
  const isWithin = functionName === undefined ? () => true : whileRunning(file, functionName)
  const children = new Map<number, number>()
  const processes: ProcessEvent[] = []
  const notes: string[] = []
  let highest: RecordingPeaks['highest'] = null
  let startMs: number | undefined
  const onReading = (pid: number | null, timeMs: number, rssBytes: number | null) => {
    startMs ??= timeMs
    if (pid !== null) raise(children, pid, rssBytes)
    else if (rssBytes !== null && rssBytes > (highest?.rssBytes ?? -1) && isWithin(timeMs))
      highest = { rssBytes, timeMs: timeMs - startMs }
  }
  const onRound = (round: number, rssBytes: number | null) => {
    if (rssBytes !== null && rssBytes > (highest?.rssBytes ?? -1)) highest = { rssBytes, timeMs: 0, round }
  }
  for (const event of file.eventsPast(onReading)) {
    if (event.kind === 'process') processes.push(event)
    // A table of rounds without times has no readings beside them.
    else if (event.kind === 'round' && startMs === undefined) onRound(event.round, event.endRssBytes)
    else if (event.kind === 'note' && file.format !== 'tidemark') notes.push(event.message)
  }
  return { highest, notes, children: [...children].map(([pid, rssBytes]) => ({ pid, rssBytes })), processes }
}

/** A child that could never be read is told with 0, as mprof tells it. */
function raise(children: Map<number, number>, pid: number, rssBytes: number | null): void {
  children.set(pid, Math.max(children.get(pid) ?? 0, rssBytes ?? 0))
}

/** Whether a moment lies within a call; calls may stand anywhere in the file, so it is read once for them alone. */
function whileRunning(file: RecordingFile, name: string): (timeMs: number) => boolean {
  const names = new Set<string>()
  const calls: Span[] = []
  for (const event of file.events()) {
    if (event.kind !== 'function') continue
    names.add(event.name)
    if (event.name === name) calls.push(event)
  }
  if (calls.length === 0)
    throw new UsageError(
      names.size === 0 ? `${file.path} times no function` : `${file.path} times no function "${name}"`,
      {
        fix:
          names.size === 0 ? 'mprof times functions that are decorated with @profile.' : suggestWord(name, [...names]),
      },
    )
  const spans = merged(calls)
  return (timeMs) => {
    let low = 0
    let high = spans.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (spans[middle]!.endMs < timeMs) low = middle + 1
      else high = middle
    }
    return low < spans.length && spans[low]!.startMs <= timeMs
  }
}

interface Span {
  startMs: number
  endMs: number
}

/** Sorted, and those that overlap as one. */
function merged(calls: readonly Span[]): Span[] {
  const spans: Span[] = []
  for (const { startMs, endMs } of [...calls].sort((a, b) => a.startMs - b.startMs)) {
    const last = spans.at(-1)
    if (last !== undefined && startMs <= last.endMs) last.endMs = Math.max(last.endMs, endMs)
    else spans.push({ startMs, endMs })
  }
  return spans
}
