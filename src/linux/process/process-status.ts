import { closeSync, openSync } from 'node:fs'
import { TidemarkError } from '../../shared/errors.js'
import type { MemoryReading } from '../../shared/marks.js'
import { failedReading, type Pid, PROC, readFromStart, readProcFile } from '../files/proc-file.js'
import { livingThread } from '../threads/living-thread.js'

/**
 * Memory of a process as the kernel accounts it in /proc/PID/status, and what else that file
 * contains at no extra cost.
 */
export interface ProcessStatus extends MemoryReading {
  /**
   * VmHWM: the highest RSS since the process began or its peak was last reset. The kernel keeps it
   * exactly.
   */
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
 * Reads /proc/PID/status in about 20 us. A zombie has freed its memory and has no values to read:
 * it counts as gone.
 */
export function readProcessStatus(pid: Pid, proc = PROC): StatusReading {
  const file = readProcFile(pid, 'status', proc)
  if (file.kind !== 'read') return { ...file, pid }
  const bytes = Buffer.from(file.text, 'latin1')
  const status = parseStatus(bytes, bytes.length)
  if (status !== undefined) return { kind: 'read', pid, ...status }
  const thread = livingThread(pid, proc)
  return thread === undefined ? { kind: 'gone', pid } : { ...readProcessStatus(thread, proc), pid }
}

/**
 * A reader of /proc/PID/status of one process, for repeated use. As with statm, the descriptor
 * belongs to the process and not to its number.
 */
export interface OpenStatus {
  readonly descriptor: number
  read(): StatusReading
  close(): void
}

/** Opens the file and keeps it open, which saves opening and closing it for each reading. */
export function openStatus(pid: Pid, proc = PROC): OpenStatus | Exclude<StatusReading, { kind: 'read' }> {
  let descriptor: number
  try {
    descriptor = openSync(`${proc}/${pid}/status`, 'r')
  } catch (error) {
    return { ...failedReading(error), pid }
  }
  return {
    descriptor,
    read: () => {
      try {
        const status = parseStatus(buffer, readFromStart(descriptor, buffer))
        return status === undefined ? { kind: 'gone', pid } : { kind: 'read', pid, ...status }
      } catch (error) {
        return { ...failedReading(error), pid }
      }
    },
    close: () => closeSync(descriptor),
  }
}

/** Buffer for the file, which has 1.5 kB, and more where the process is in many groups. */
const buffer = Buffer.alloc(16_384)

/** Reads the memory of this process itself. */
export function readSelfMemory(proc = PROC): MemoryReading & { peakBytes: number } {
  const reading = readProcessStatus('self', proc)
  if (reading.kind === 'read') {
    return { peakBytes: reading.peakBytes, ...memoryOf(reading) }
  }
  const found = reading.kind === 'gone' ? 'it is not there' : reading.code
  throw new TidemarkError(`cannot read this process's memory from ${proc}/self/status: ${found}`, {
    fix: 'Memory is read the way Linux shows it; run this on Linux with /proc mounted.',
  })
}

/** Returns RSS, its parts and the swapped bytes of a successful reading. */
export function memoryOf(status: ProcessStatus): MemoryReading {
  const { rssBytes, rssAnonBytes, rssFileBytes, rssShmemBytes, swapBytes } = status
  return { rssBytes, rssAnonBytes, rssFileBytes, rssShmemBytes, ...(swapBytes > 0 && { swapBytes }) }
}

const NAMES = ['VmHWM', 'VmRSS', 'RssAnon', 'RssFile', 'RssShmem', 'VmSwap', 'Threads', 'HugetlbPages'] as const
const LABELS = NAMES.map((name) => Buffer.from(`${name}:`))
const values = new Float64Array(NAMES.length)
const [PEAK, RSS, ANON, FILE, SHMEM, SWAP, THREADS, HUGETLB] = [0, 1, 2, 3, 4, 5, 6, 7] as const
const [NEWLINE, ZERO, NINE] = [0x0a, 0x30, 0x39] as const

/**
 * Parses lines such as `Name:\tvalue kB`, where the kernel's kB is 1024 bytes. Returns undefined
 * without VmRSS, as for a zombie.
 *
 * It works byte by byte, since it runs several times a second for every process: where the
 * processor's caches are cold, strings and expressions cost twenty times as much as the reading.
 */
export function parseStatus(bytes: Uint8Array, length: number): ProcessStatus | undefined {
  values.fill(-1)
  for (let at = 0; at < length; at = nextLine(bytes, at, length)) {
    for (let i = 0; i < LABELS.length; i++) {
      const label = LABELS[i]!
      if (bytes[at] !== label[0] || !startsWith(bytes, at, label)) continue
      values[i] = numberAt(bytes, at + label.length)
      break
    }
  }
  if (values[RSS]! < 0 || values[PEAK]! < 0) return undefined
  return {
    rssBytes: bytesOf(RSS),
    // RssAnon, RssFile and RssShmem came with Linux 4.5, HugetlbPages with 4.4; every supported
    // kernel has them.
    rssAnonBytes: bytesOf(ANON),
    rssFileBytes: bytesOf(FILE),
    rssShmemBytes: bytesOf(SHMEM),
    peakBytes: bytesOf(PEAK),
    hugetlbBytes: bytesOf(HUGETLB),
    swapBytes: bytesOf(SWAP),
    threads: Math.max(0, values[THREADS]!),
  }
}

function bytesOf(which: number): number {
  return Math.max(0, values[which]!) * 1024
}

function nextLine(bytes: Uint8Array, from: number, length: number): number {
  let at = from
  while (at < length && bytes[at] !== NEWLINE) at++
  return at + 1
}

function startsWith(bytes: Uint8Array, from: number, label: Uint8Array): boolean {
  for (let i = 1; i < label.length; i++) if (bytes[from + i] !== label[i]) return false
  return true
}

/** Parses the first number from here on, after spaces. */
function numberAt(bytes: Uint8Array, from: number): number {
  let at = from
  while (at < bytes.length && bytes[at] !== NEWLINE && (bytes[at]! < ZERO || bytes[at]! > NINE)) at++
  let value = 0
  for (; at < bytes.length && bytes[at]! >= ZERO && bytes[at]! <= NINE; at++) value = value * 10 + bytes[at]! - ZERO
  return value
}
