import { nowMs } from './clock.js'
import type { RecorderHandle } from './recorder-handle.js'
import { RoundCounter } from './round-counter.js'
import { RoundLog, type RoundLogEvent } from './round-log.js'
import type { RoundPattern } from './round-log-patterns.js'

/**
 * The cleanup that a framework runs between two rounds is done before the next round is announced, but the memory that it
 * gave back may still be on its way: a trim of 1 GiB takes some 100 ms. Rounds that are short have less (Observer).
 */
const SETTLE_MS = 300
/** Sentences about a count of rounds that is wrong throughout: the rest of them would say nothing new. */
const MOST_ANOMALIES = 10

/** Tells the recorder of the rounds that one program's output tells of. */
export interface RoundFollower {
  /** One of the streams or files that the output comes by; halves of lines of two of them are never put together. */
  stream(): FollowedStream
  /** The program has ended by itself: so has the round that was open. */
  close(): void
}

export interface FollowedStream {
  write(chunk: Uint8Array): void
  end(): void
}

export function followRounds(recorder: RecorderHandle, pattern: RoundPattern): RoundFollower {
  const counter = new RoundCounter(pattern)
  let anomalies = 0
  const warn = (message: string) => {
    anomalies++
    if (anomalies <= MOST_ANOMALIES) recorder.warn(`${message}.`)
    if (anomalies === MOST_ANOMALIES) recorder.warn('Further rounds out of order are not listed.')
  }
  const take = (events: readonly RoundLogEvent[]) => {
    for (const event of events) {
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
        })
      if (event.kind === 'finished') recorder.workIsDone()
    }
  }
  return {
    stream: () => {
      const log = new RoundLog(pattern, { counter })
      return {
        write: (chunk) => take(log.write(chunk, nowMs())),
        end: () => take(log.end(nowMs())),
      }
    },
    close: () => {
      const at = nowMs()
      take(counter.close(() => ({ timeMs: at, arrivedMs: at })))
    },
  }
}
