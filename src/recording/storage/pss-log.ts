import { readSharedMemory } from '../../linux/memory/smaps-rollup.js'
import { isAlive } from '../../linux/process/process-stat.js'
import { nowMs } from '../../shared/clock.js'
import type { RecordedProcess } from '../recording.js'

export interface PssLogOptions {
  intervalMs: number
  /** Returns the running processes; the highest PSS of each is stored in its `shared`. */
  live(): Pick<RecordedProcess, 'pid' | 'startTicks' | 'shared'>[]
  append(line: readonly number[]): void
}

/**
 * Reads PSS and USS of the running processes for `shared.ndjson`, at a low rate of its own: the
 * kernel walks all pages for each reading, up to 82 ms for 8 GB. Each line is a JSON array,
 * `[timeMs, pid, pssBytes, ussBytes, pid, ...]`.
 */
export function startPssLog({ intervalMs, live, append }: PssLogOptions): { stop(): void } {
  const read = () => {
    const line: number[] = [Math.round(nowMs() * 100) / 100]
    for (const process of live()) {
      if (!isAlive(process)) continue // ended since the last sample; the pid may be another's by now
      const { pid } = process
      const memory = readSharedMemory(pid)
      if (memory === null) continue
      line.push(pid, memory.pssBytes, memory.ussBytes)
      if (memory.pssBytes > (process.shared?.pssBytes ?? -1))
        process.shared = { timeMs: line[0]!, pssBytes: memory.pssBytes, ussBytes: memory.ussBytes }
    }
    if (line.length > 1) append(line)
  }
  read()
  const timer = setInterval(read, intervalMs)
  return { stop: () => clearInterval(timer) }
}
