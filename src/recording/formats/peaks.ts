import { suggestWord } from '../../shared/did-you-mean.js'
import { UsageError } from '../../shared/errors.js'
import type { RecordingFile } from './open-recording.js'
import type { ProcessEvent } from './recording-event.js'

export interface RecordingPeaks {
  /**
   * The highest reading of the whole, with its time in ms since the first one. Null if there is
   * none.
   */
  highest: { rssBytes: number; timeMs: number; round?: number } | null
  /** Notes on how the columns of a table were read, and on what was skipped. */
  notes: string[]
  /**
   * The highest reading of each process that the recording distinguishes, in order of appearance.
   */
  children: { pid: number; rssBytes: number }[]
  /** Processes with their peaks as the kernel recorded them, if the recording has them. */
  processes: ProcessEvent[]
}

/**
 * Finds the peaks of a recording in one pass.
 *
 * @param functionName limits the readings of the whole to the time in which this function ran, as
 *   timed by mprof; children are always reported
 * @throws UsageError if the file is broken, or no such function was timed
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
    // A table of rounds without times has no readings, so its rounds stand in for them.
    else if (event.kind === 'round' && startMs === undefined) onRound(event.round, event.endRssBytes)
    else if (event.kind === 'note' && file.format !== 'tidemark') notes.push(event.message)
  }
  return { highest, notes, children: [...children].map(([pid, rssBytes]) => ({ pid, rssBytes })), processes }
}

/** Raises a child's peak. A child that could never be read has a peak of 0, as in mprof. */
function raise(children: Map<number, number>, pid: number, rssBytes: number | null): void {
  children.set(pid, Math.max(children.get(pid) ?? 0, rssBytes ?? 0))
}

/**
 * Returns a test for whether a time lies within a call of the function. Calls may stand anywhere in
 * the file, so this reads it once beforehand.
 */
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

/** Sorts the spans and merges those that overlap. */
function merged(calls: readonly Span[]): Span[] {
  const spans: Span[] = []
  for (const { startMs, endMs } of [...calls].sort((a, b) => a.startMs - b.startMs)) {
    const last = spans.at(-1)
    if (last !== undefined && startMs <= last.endMs) last.endMs = Math.max(last.endMs, endMs)
    else spans.push({ startMs, endMs })
  }
  return spans
}
