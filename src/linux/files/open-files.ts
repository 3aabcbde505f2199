import { readdirSync, readlinkSync, statSync } from 'node:fs'
import { systemErrorCode } from '../../shared/errors.js'
import { livingThread } from '../threads/living-thread.js'
import { failedReading, type Pid, PROC } from './proc-file.js'

/**
 * Number of open file descriptors; null where they cannot be counted (the process is gone or another user's). Since Linux 6.2
 * the folder's size tells it (proc_pid_fd(5)); before, the folder is listed, thousands of entries on a busy server.
 */
export function countOpenFiles(pid: Pid, proc = PROC): number | null {
  const folder = `${proc}/${livingThread(pid, proc) ?? pid}/fd`
  try {
    return (proc === PROC && statSync(folder).size) || readdirSync(folder).length
  } catch (error) {
    failedReading(error) // throws what is no failed system call
    return null
  }
}

/** What a descriptor of a process is: a path, or `pipe:[4127]`; null where it has none or it cannot be seen. */
export function openFile(pid: number, descriptor: number): string | null {
  try {
    return readlinkSync(`${PROC}/${pid}/fd/${descriptor}`)
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return null
  }
}

/** Whether a process has a file or pipe open under that name. */
export function hasOpen(pid: number, target: string): boolean {
  try {
    return readdirSync(`${PROC}/${pid}/fd`).some((descriptor) => openFile(pid, Number(descriptor)) === target)
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return false
  }
}
