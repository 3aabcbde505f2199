import { hasOpen } from '../../linux/files/open-files.js'
import { nowMs } from '../../shared/clock.js'
import { UNNAMED_ROLE } from '../processes/process-name.js'
import type { RecorderHandle } from '../recorder-handle.js'
import { RoundLog } from './log/round-log.js'
import type { RoundLogEvent } from './log/round-log-event.js'
import type { RoundPattern } from './log/round-pattern.js'
import { RoundCounter } from './round-counter.js'
import { suggestRounds } from './suggest-rounds.js'

/**
 * How long to wait before the end of a round is read. A framework's cleanup between two rounds is
 * done before the next round is announced, but its memory may not be free yet: a trim of 1 GiB
 * takes some 100 ms. Short rounds get less time (see Observer).
 */
const SETTLE_MS = 300
/** Maximum number of warnings about a wrong round count; further ones would say nothing new. */
const MOST_ANOMALIES = 10

/** Reports the rounds in one program's output to the recorder. */
export interface RoundFollower {
  /**
   * Follows one of the streams or files of the output. Partial lines of different streams are never
   * joined.
   *
   * @param log the log's name in /proc/PID/fd, which identifies the processes that write to it;
   *   null: unknown
   */
  stream(log: string | null): FollowedStream
  /** Ends the open round, since the program has ended itself. */
  close(): void
  /** Returns what the output held instead of rounds; undefined once there was a round. */
  unmatched(): { lines: number; lastLines: string[]; suggestion: string | undefined } | undefined
}

export interface FollowedStream {
  write(chunk: Uint8Array): void
  end(): void
}

export function followRounds(recorder: RecorderHandle, pattern: RoundPattern): RoundFollower {
  const counter = new RoundCounter(pattern)
  const seen = new SeenLines()
  let hasRound = false
  let anomalies = 0
  /**
   * True if the newest round end was late. The program's end is not late, but its last round began
   * late.
   */
  let isLate = false
  const warn = (message: string) => {
    anomalies++
    if (anomalies <= MOST_ANOMALIES) recorder.warn(`${message}.`)
    if (anomalies === MOST_ANOMALIES) recorder.warn('Further rounds out of order are not listed.')
  }
  const take = (events: readonly RoundLogEvent[], isDirect: () => boolean) => {
    for (const event of events) {
      if (event.kind === 'round-start' || event.kind === 'round-end') hasRound = true
      if (event.kind === 'round-end') isLate = event.timeMs === event.arrivedMs && !isDirect()
      if (event.kind === 'round-start') recorder.onRoundEvent({ kind: 'round-start', round: event.round })
      if (event.kind === 'cleanup') recorder.onRoundEvent({ kind: 'cleanup', round: event.round })
      if (event.kind === 'anomaly') warn(event.message)
      if (event.kind === 'round-end')
        recorder.onRoundEvent({
          kind: 'round',
          round: event.round,
          // The end of the job needs no time to settle: any later fall is the program's own end.
          settleMs: event.isLast ? 0 : SETTLE_MS,
          isLast: event.isLast,
          approximate: isLate,
        })
      if (event.kind === 'finished') recorder.workIsDone()
    }
  }
  return {
    stream: (source) => {
      const isDirect = writtenByRole(recorder, source, pattern)
      const log = new RoundLog(pattern, { counter, onLines: (lines) => hasRound || seen.add(lines) })
      return {
        write: (chunk) => take(log.write(chunk, nowMs()), isDirect),
        end: () => take(log.end(nowMs()), isDirect),
      }
    },
    close: () => {
      const at = nowMs()
      take(
        counter.close(() => ({ timeMs: at, arrivedMs: at })),
        () => !isLate,
      )
    },
    unmatched: () => (hasRound ? undefined : seen.report()),
  }
}

/**
 * Returns a test for whether a process with a role writes the log itself. If none does, because a
 * launcher streams it or a pipe delays it, its lines may come late. If no process has a role, this
 * is unknown, and the lines count as in time. For a framework that passes its lines on, only the
 * server itself counts as the writer, since the process that starts it inherits the log as well.
 */
function writtenByRole(
  recorder: RecorderHandle,
  log: string | null,
  { isPassedOn = false }: RoundPattern,
): () => boolean {
  let isDirect = false
  return () => {
    const named = recorder
      .processes()
      .filter(({ role, isGone, exit }) => role !== UNNAMED_ROLE && !isGone && exit === null)
    const writers = isPassedOn ? named.filter(({ role }) => role === 'server') : named
    isDirect ||= log === null ? !isPassedOn : writers.some(({ pid }) => hasOpen(pid, log))
    return isDirect || (named.length === 0 && !isPassedOn)
  }
}

/** Number of lines kept to suggest a pattern from, however long the log is. */
const KEPT_LINES = 1000
const KEPT_CHARACTERS = 300
const LAST_LINES = 3

/** The first and last lines of a log, kept until a round is found in it. */
class SeenLines {
  readonly #first: string[] = []
  #last: string[] = []
  #count = 0

  add(lines: readonly string[]): void {
    for (const line of lines) {
      if (line.trim() === '') continue
      this.#count++
      if (this.#first.length < KEPT_LINES) this.#first.push(line.slice(0, KEPT_CHARACTERS))
      this.#last.push(line)
    }
    this.#last = this.#last.slice(-LAST_LINES).map((line) => line.slice(0, KEPT_CHARACTERS))
  }

  report(): ReturnType<RoundFollower['unmatched']> {
    return { lines: this.#count, lastLines: this.#last, suggestion: suggestRounds(this.#first) }
  }
}
