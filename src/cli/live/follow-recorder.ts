import type { RecorderHandle } from '../../recording/recorder-handle.js'
import type { LiveState } from '../../verdict/live/live-state.js'
import type { LimitReading } from '../../verdict/live/live-status.js'

/**
 * Feeds a live state with the readings of a recorder, which must have been started with
 * `latestIntervalMs`.
 */
export function followRecorder(recorder: RecorderHandle, state: LiveState): void {
  recorder.on('latest', (timeMs, rss) => {
    const processes = recorder.running().filter(({ pid }) => rss.has(pid))
    state.addSample(
      timeMs,
      processes.map(({ pid, role, name, peakBytes, peakKind }) => ({
        pid,
        role,
        name,
        rssBytes: rss.get(pid) ?? null,
        peakBytes,
        peakKind,
      })),
      limitOf(recorder),
    )
  })
  let limitMs = Number.NEGATIVE_INFINITY
  recorder.on('roundRecords', (records) => {
    // Rounds may be shorter than the interval of samples, and what others use changes meanwhile.
    const isDue = performance.now() - limitMs >= LIMIT_INTERVAL_MS
    if (isDue) limitMs = performance.now()
    state.addRounds(records, isDue ? limitOf(recorder) : undefined)
  })
}

/** Minimum time between two readings of the limit at rounds: one takes some 0.2 ms. */
const LIMIT_INTERVAL_MS = 20

const NAMES = { cgroup: 'the limit of the cgroup', machine: 'the memory of the machine' } as const

function limitOf(recorder: RecorderHandle): LimitReading {
  const { of, ...limit } = recorder.limit()
  return { name: NAMES[of], ...limit }
}
