import { closeSync, openSync } from 'node:fs'
import { TidemarkError } from '../errors.js'
import type { MemoryReading } from '../marks.js'
import { readFromStart } from './native-io.js'
import { failedReading, type Pid, PROC, readProcFile } from './proc-file.js'

/** Memory of a process as the kernel accounts it in /proc/PID/status, and what else that file tells for free. */
export interface ProcessStatus extends MemoryReading {
  /** VmHWM: the highest RSS since the process began or its peak was last reset. Exact, and kept by the kernel. */
  peakBytes: number
  /** Pages on huge-page mounts, which RSS leaves out. */
  hugetlbBytes: number
  swapBytes: number
  threads: number
}

export type StatusReading =
  | ({ kind: 'read'; pid: Pid } & ProcessStatus)
  | { kind: 'gone'; pid: Pid }
  | { kind: 'unreadable'; pid: Pid; code: string }

/**
 * Reads /proc/PID/status. A zombie has given its memory back and has no figures to read: it counts as gone.
 * About 20 us.
 */
export function readProcessStatus(pid: Pid, proc = PROC): StatusReading {
  const file = readProcFile(pid, 'status', proc)
  if (file.kind !== 'read') return { ...file, pid }
  const status = parseStatus(file.text)
  return status === undefined ? { kind: 'gone', pid } : { kind: 'read', pid, ...status }
}

/** /proc/PID/status of one process over and over; as with statm, the descriptor belongs to the process and not to its number. */
export interface OpenStatus {
  read(): StatusReading
  close(): void
}

/** Keeps the file open, which spares opening and closing it for each reading. */
export function openStatus(pid: number, proc = PROC): OpenStatus | Exclude<StatusReading, { kind: 'read' }> {
  let descriptor: number
  try {
    descriptor = openSync(`${proc}/${pid}/status`, 'r')
  } catch (error) {
    return { ...failedReading(error), pid }
  }
  return {
    read: () => {
      try {
        const status = parseStatus(buffer.toString('latin1', 0, readFromStart(descriptor, buffer)))
        return status === undefined ? { kind: 'gone', pid } : { kind: 'read', pid, ...status }
      } catch (error) {
        return { ...failedReading(error), pid }
      }
    },
    close: () => closeSync(descriptor),
  }
}

/** The file has 1.5 kB, and more where the process is in many groups. */
const buffer = Buffer.alloc(16_384)

/** Memory of this very process, read from inside. */
export function readSelfMemory(proc = PROC): MemoryReading & { peakBytes: number } {
  const reading = readProcessStatus('self', proc)
  if (reading.kind === 'read') {
    const { peakBytes, rssBytes, rssAnonBytes, rssFileBytes, rssShmemBytes } = reading
    return { peakBytes, rssBytes, rssAnonBytes, rssFileBytes, rssShmemBytes }
  }
  const found = reading.kind === 'gone' ? 'it is not there' : reading.code
  throw new TidemarkError(`cannot read this process's memory from ${proc}/self/status: ${found}`, {
    fix: 'Memory is read the way Linux shows it; run this on Linux with /proc mounted.',
  })
}

/** RSS and its parts alone, of a reading that worked. */
export function memoryOf(status: ProcessStatus): MemoryReading {
  const { rssBytes, rssAnonBytes, rssFileBytes, rssShmemBytes } = status
  return { rssBytes, rssAnonBytes, rssFileBytes, rssShmemBytes }
}

/** `:\t   12345678 kB`: padded to eight digits, twenty at most. */
const LONGEST_NUMBER = 24

/** The lines are `Name:\tvalue kB`; a kB of the kernel is 1024 bytes. Undefined without VmRSS, as for a zombie. */
function parseStatus(text: string): ProcessStatus | undefined {
  const kilobytes = (name: string): number | undefined => {
    const value = numberAfter(text, `\n${name}:`)
    return value === undefined ? undefined : value * 1024
  }
  const rssBytes = kilobytes('VmRSS')
  const peakBytes = kilobytes('VmHWM')
  if (rssBytes === undefined || peakBytes === undefined) return undefined
  return {
    rssBytes,
    // RssAnon, RssFile and RssShmem came with Linux 4.5, HugetlbPages with 4.4; every supported kernel has them.
    rssAnonBytes: kilobytes('RssAnon') ?? 0,
    rssFileBytes: kilobytes('RssFile') ?? 0,
    rssShmemBytes: kilobytes('RssShmem') ?? 0,
    peakBytes,
    hugetlbBytes: kilobytes('HugetlbPages') ?? 0,
    swapBytes: kilobytes('VmSwap') ?? 0,
    threads: numberAfter(text, '\nThreads:') ?? 0,
  }
}

/** By hand, since this runs for every process at every sample: nine regular expressions cost more than the reading. */
function numberAfter(text: string, label: string): number | undefined {
  const at = text.indexOf(label)
  return at < 0 ? undefined : Number.parseInt(text.slice(at + label.length, at + label.length + LONGEST_NUMBER), 10)
}
