import { resetPeak } from '../../linux/memory/peak.js'
import { readSelfMemory } from '../../linux/process/process-status.js'
import { cleanupMemory, everyNthRound } from '../../memory/index.js'
import type { CleanupRecord, MemoryReading } from '../../shared/marks.js'

export interface RoundMemory {
  /** VmHWM since the end of the round before; null where the kernel refuses its reset. */
  peakBytes: number | null
  work: MemoryReading
  end: MemoryReading
  cleanup: CleanupRecord | null
}

/**
 * Measures the end of a round: peak and memory when the work is done, cleanup if due, memory again.
 * Call it when the last reference to the round's weights is gone. {@link startNextPeak} then begins
 * the next round's peak.
 */
export async function measureRoundEnd(from: {
  exactPeaks: boolean
  gcRounds: number
  completedRounds: number
}): Promise<RoundMemory> {
  const { peakBytes, memory: work } = readMemory()
  const cleanup = everyNthRound(from.gcRounds, from.completedRounds) ? await cleanupMemory() : null
  const end = cleanup === null ? work : readMemory().memory
  return { peakBytes: from.exactPeaks ? peakBytes : null, work, end, cleanup }
}

export function startNextPeak(exactPeaks: boolean): void {
  if (exactPeaks) resetPeak('self')
}

export function readMemory(): { peakBytes: number; memory: MemoryReading } {
  const { peakBytes, ...memory } = readSelfMemory()
  return { peakBytes, memory }
}
