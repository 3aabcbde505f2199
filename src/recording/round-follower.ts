import { nowMs } from './clock.js'
import type { RecorderHandle } from './recorder-handle.js'
import { RoundLog } from './round-log.js'
import type { RoundPattern } from './round-log-patterns.js'

/**
 * The cleanup that a framework runs between two rounds is done before the next round is announced, but the memory that it
 * gave back may still be on its way: a trim of 1 GiB takes some 100 ms. Rounds that are short have less (Observer).
 */
const SETTLE_MS = 300

/** Tells the recorder of the rounds that a program's output tells of. */
export interface RoundFollower {
  write(chunk: Uint8Array): void
  end(): void
}

export function followRounds(recorder: RecorderHandle, pattern: RoundPattern): RoundFollower {
  const log = new RoundLog(pattern)
  const take = (events: ReturnType<RoundLog['write']>) => {
    for (const event of events) {
      if (event.kind === 'round-start') recorder.onRoundEvent({ kind: 'round-start', round: event.round, settleMs: 0 })
      if (event.kind === 'anomaly') recorder.warn(`${event.message}.`)
      if (event.kind === 'round-end') recorder.onRoundEvent({ kind: 'round', round: event.round, settleMs: SETTLE_MS })
      if (event.kind === 'finished') recorder.workIsDone()
    }
  }
  return {
    write: (chunk) => take(log.write(chunk, nowMs())),
    end: () => take(log.end(nowMs())),
  }
}
