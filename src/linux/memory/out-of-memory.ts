import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs'
import { systemErrorCode } from '../../shared/errors.js'
import { failedReading, PROC } from '../files/proc-file.js'

/**
 * Returns how many processes the kernel's out-of-memory killer has ended since boot (`oom_kill`,
 * Linux 4.13); null if unknown.
 */
export function countOomKills(proc = PROC): number | null {
  try {
    const count = /^oom_kill (\d+)$/m.exec(readFileSync(`${proc}/vmstat`, 'utf8'))?.[1]
    return count === undefined ? null : Number(count)
  } catch (error) {
    failedReading(error) // rethrows anything but a failed system call
    return null
  }
}

/**
 * Returns whether the out-of-memory killer ended this process, which died by SIGKILL. The kernel's
 * log names its victims. Where we may not read the log, a count that rose during the process's life
 * is taken as proof.
 */
export function wasOomKilled(pid: number, killsBefore: number | null): boolean {
  if (!haveKillsRisen(killsBefore)) return false
  const log = readKernelLog()
  return log === null || isVictim(pid, log)
}

/**
 * Returns those of the processes that the out-of-memory killer ended, by the kernel's log. Empty
 * where we may not read it.
 */
export function oomVictims(pids: readonly number[], killsBefore: number | null): number[] {
  if (!haveKillsRisen(killsBefore)) return []
  const log = readKernelLog() ?? ''
  return pids.filter((pid) => isVictim(pid, log))
}

function haveKillsRisen(killsBefore: number | null): boolean {
  const kills = countOomKills()
  return kills !== null && killsBefore !== null && kills > killsBefore
}

/**
 * Looks for `Out of memory: Killed process 4127 (python3) ...`, or `Memory cgroup out of memory:
 * Killed process ...`.
 */
function isVictim(pid: number, log: string): boolean {
  return log.includes(`Killed process ${pid} (`)
}

/**
 * Size of the buffer for one record. Each read returns one record (kernel.org,
 * ABI/testing/dev-kmsg), of 8 KiB at most.
 */
const LONGEST_RECORD_BYTES = 8192

/** Reads the kernel's log. Returns null where we lack the privilege. */
function readKernelLog(): string | null {
  let descriptor: number
  try {
    descriptor = openSync('/dev/kmsg', constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    failedReading(error) // rethrows anything but a failed system call
    return null
  }
  const record = Buffer.alloc(LONGEST_RECORD_BYTES)
  let log = ''
  try {
    for (;;) {
      const text = readRecord(descriptor, record)
      if (text === null) return log
      log += text
    }
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return null
  } finally {
    closeSync(descriptor)
  }
}

/** Reads one record. Returns null at the end of the log. */
function readRecord(descriptor: number, record: Buffer): string | null {
  try {
    return record.toString('latin1', 0, readSync(descriptor, record))
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === 'EAGAIN') return null // the end of the log, for a non-blocking reader
    if (code === 'EPIPE') return '' // records were overwritten meanwhile; the next read continues after them
    throw error
  }
}
