import { readFileSync, readlinkSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { systemErrorCode } from '../../shared/errors.js'
import { failedReading } from '../files/proc-file.js'

/**
 * Returns the processor time of this thread: the first number of schedstat, in ns (kernel.org,
 * sched-stats). Null where it is off.
 */
export function readThreadCpuMs(): number | null {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e6
  } catch (error) {
    failedReading(error) // rethrows anything but a failed system call
    return null
  }
}

/**
 * Gives this thread alone the highest priority. Users without the privilege (root has it) go
 * without.
 */
export function takePrecedence(): void {
  try {
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1))
    setPriority(thread, constants.priority.PRIORITY_HIGHEST)
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
  }
}
