import { readdirSync, statSync } from 'node:fs'
import { livingThread } from './living-thread.js'
import { sizeNatively } from './native-io.js'
import { failedReading, type Pid, PROC } from './proc-file.js'

/**
 * Number of open file descriptors; null where they cannot be counted (the process is gone or another user's). Since Linux 6.2
 * the folder's size tells it (proc_pid_fd(5)); before, the folder is listed, thousands of entries on a busy server.
 */
export function countOpenFiles(pid: Pid, proc = PROC): number | null {
  const folder = `${proc}/${livingThread(pid, proc) ?? pid}/fd`
  try {
    return (proc === PROC && (sizeNatively(folder) ?? statSync(folder).size)) || readdirSync(folder).length
  } catch (error) {
    failedReading(error) // throws what is no failed system call
    return null
  }
}
