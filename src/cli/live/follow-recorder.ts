import type { RecorderHandle } from '../../recording/recorder-handle.js'
import type { LiveState } from '../../verdict/live/live-state.js'
import type { LiveLimit } from '../../verdict/live/live-status.js'

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
  recorder.on('roundRecords', (records) => state.addRounds(records))
}

const NAMES = { cgroup: 'the limit of the cgroup', machine: 'the memory of the machine' } as const

function limitOf(recorder: RecorderHandle): LiveLimit {
  const { of, ...limit } = recorder.limit()
  return { name: NAMES[of], ...limit }
}
