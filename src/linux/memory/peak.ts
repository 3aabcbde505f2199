import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { failedReading, type Pid, PROC } from '../files/proc-file.js'
import { livingThread } from '../threads/living-thread.js'

/**
 * Text that resets VmHWM to the present RSS (proc_pid_clear_refs(5), since Linux 4.0). Nothing else
 * of the process changes.
 */
const RESET_PEAK = '5'

export type PeakReset =
  | { kind: 'reset' }
  | { kind: 'gone' }
  /** What stands in the way, as a clause: "/proc is mounted read-only". */
  | { kind: 'refused'; why: string }

/**
 * Resets the peak RSS that the kernel keeps for a process to its present RSS, so that the next
 * reading of VmHWM is the peak since now. Takes 1 to 7 us.
 *
 * @returns false when the kernel refuses or the process is gone; its peaks are then known from
 *   samples alone, which is a lower bound
 */
export function resetPeak(pid: Pid, proc = PROC): boolean {
  return tryResetPeak(pid, proc).kind === 'reset'
}

const NOT_OURS = 'only the user that it runs as, and root, may do that'
const REFUSALS: Record<string, string> = {
  EROFS: '/proc is mounted read-only',
  EACCES: NOT_OURS,
  EPERM: NOT_OURS,
}

/** Does the same as {@link resetPeak}, and returns what stood in the way. */
export function tryResetPeak(pid: Pid, proc = PROC): PeakReset {
  let descriptor: number | undefined
  try {
    // Open it for writing only: the file's mode is 0200, so asking for reading too fails for
    // everybody but root. The file of a main thread that has ended accepts the write and does
    // nothing.
    const place = livingThread(pid, proc) ?? pid
    descriptor = openSync(`${proc}/${place}/clear_refs`, constants.O_WRONLY)
    writeSync(descriptor, RESET_PEAK)
    return { kind: 'reset' }
  } catch (error) {
    const failed = failedReading(error) // rethrows anything but a failed system call
    return failed.kind === 'gone'
      ? failed
      : { kind: 'refused', why: REFUSALS[failed.code] ?? `the kernel answers ${failed.code}` }
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}
