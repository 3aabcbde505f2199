import type { RecordedProcess } from '../recording.js'

/**
 * Computes how many bytes a plain sum of RSS counts more than once, because forked processes share
 * them with their parent.
 *
 * @returns a function that gives the bytes to subtract from a sum over these processes at a time, 0
 *   if nothing is shared. Times may come in any order; ascending times are cheapest.
 */
export function overlapOf(
  processes: readonly Pick<RecordedProcess, 'pid' | 'overlap'>[],
): (timeMs: number, rssOf: (pid: number) => number | undefined) => number {
  const shared = processes.flatMap(({ pid, overlap }) =>
    overlap === undefined ? [] : [{ pid, steps: overlap, at: 0 }],
  )
  return (timeMs, rssOf) => {
    let bytes = 0
    for (const one of shared) {
      const { steps } = one
      if (one.at > 0 && steps[one.at]![0] > timeMs) one.at = 0
      while (one.at + 1 < steps.length && steps[one.at + 1]![0] <= timeMs) one.at++
      const [sinceMs, overlapBytes] = steps[one.at]!
      if (sinceMs <= timeMs) bytes += Math.min(overlapBytes, rssOf(one.pid) ?? 0)
    }
    return bytes
  }
}
