import { writeFileSync } from 'node:fs'
import { livingThread } from './living-thread.js'
import { failedReading, type Pid, PROC } from './proc-file.js'

/** `5` resets VmHWM to the present RSS (proc_pid_clear_refs(5), since Linux 4.0). Nothing else of the process changes. */
const RESET_PEAK = '5'

/**
 * Sets the peak RSS that the kernel keeps for a process back to its present RSS, so that the next reading of VmHWM is
 * the peak since now. 1 to 7 us.
 *
 * @returns false when the kernel refuses (a read-only /proc, another user's process) or the process is gone; its peaks
 *   are then known from samples alone, which is a lower bound
 */
export function resetPeak(pid: Pid, proc = PROC): boolean {
  try {
    // The file of a main thread that has ended takes the order and does nothing.
    const place = livingThread(pid, proc) ?? pid
    writeFileSync(`${proc}/${place}/clear_refs`, RESET_PEAK, { flag: 'r+' })
    return true
  } catch (error) {
    failedReading(error) // throws what is no failed system call
    return false
  }
}
