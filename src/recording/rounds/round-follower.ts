import { hasOpen } from '../../linux/files/open-files.js'
import { nowMs } from '../../shared/clock.js'
import type { RecorderHandle } from '../recorder-handle.js'
import { RoundLog } from './log/round-log.js'
import type { RoundLogEvent } from './log/round-log-event.js'
import type { RoundPattern } from './log/round-pattern.js'
import { RoundCounter } from './round-counter.js'
import { suggestRounds } from './suggest-rounds.js'

/**
 * The cleanup that a framework runs between two rounds is done before the next round is announced, but the memory that it
 * gave back may still be on its way: a trim of 1 GiB takes some 100 ms. Rounds that are short have less (Observer).
 */
const SETTLE_MS = 300
/** Sentences about a count of rounds that is wrong throughout: the rest of them would say nothing new. */
const MOST_ANOMALIES = 10

/** Tells the recorder of the rounds that one program's output tells of. */
export interface RoundFollower {
  /**
   * One of the streams or files that the output comes by; halves of lines of two of them are never put together.
   *
   * @param log what it is, as /proc/PID/fd names it: whoever has it open writes to it; null: not known
   */
  stream(log: string | null): FollowedStream
  /** The program has ended by itself: so has the round that was open. */
  close(): void
  /** What there was in place of rounds; undefined once there was one. */
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
  /** Of the newest round that was told: the program's end is not late, but that round began so. */
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
          // What ends the job has nothing to settle: what falls from then on is the program's own end.
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
    unmatched: () => (hasRound ? undefined : seen.tell()),
  }
}

/**
 * Whether a process that has a role writes the log itself. Where none has, as when a launcher streams it or a pipe delays it, its
 * lines may come late; where no process has a role, that is not known, and they are taken to be in time. Of a framework that
 * passes its lines on, only the server itself is believed to write them: what starts it inherits the log as well.
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
      .filter(({ role, isGone, exit }) => role !== 'process' && !isGone && exit === null)
    const writers = isPassedOn ? named.filter(({ role }) => role === 'server') : named
    isDirect ||= log === null ? !isPassedOn : writers.some(({ pid }) => hasOpen(pid, log))
    return isDirect || (named.length === 0 && !isPassedOn)
  }
}

/** Enough of a log to guess from, however long that is. */
const KEPT_LINES = 1000
const KEPT_CHARACTERS = 300
const LAST_LINES = 3

/** The first lines of a log, and its last ones, as long as no round was found in it. */
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

  tell(): ReturnType<RoundFollower['unmatched']> {
    return { lines: this.#count, lastLines: this.#last, suggestion: suggestRounds(this.#first) }
  }
}
