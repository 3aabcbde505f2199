import { readdirSync, readlinkSync, statSync } from 'node:fs'
import { systemErrorCode } from '../../shared/errors.js'
import { livingThread } from '../threads/living-thread.js'
import { failedReading, type Pid, PROC } from './proc-file.js'

/**
 * Returns the number of open file descriptors, or null where they cannot be counted (the process is
 * gone or another user's). Since Linux 6.2 the folder's size gives it (proc_pid_fd(5)); before,
 * this lists the folder, thousands of entries on a busy server.
 */
export function countOpenFiles(pid: Pid, proc = PROC): number | null {
  const folder = `${proc}/${livingThread(pid, proc) ?? pid}/fd`
  try {
    return (proc === PROC && statSync(folder).size) || readdirSync(folder).length
  } catch (error) {
    failedReading(error) // rethrows anything but a failed system call
    return null
  }
}

/**
 * Returns what a descriptor of a process refers to: a path, or `pipe:[4127]`. Null where the
 * descriptor is closed or cannot be seen.
 */
export function openFile(pid: number, descriptor: number): string | null {
  try {
    return readlinkSync(`${PROC}/${pid}/fd/${descriptor}`)
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return null
  }
}

/** Returns whether a process has a file or pipe of this name open. */
export function hasOpen(pid: number, target: string): boolean {
  try {
    return readdirSync(`${PROC}/${pid}/fd`).some((descriptor) => openFile(pid, Number(descriptor)) === target)
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return false
  }
}
