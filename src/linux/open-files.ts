import { readdirSync } from 'node:fs'
import { failedReading, type Pid, PROC } from './proc-file.js'

/** Number of open file descriptors; null where they cannot be counted (the process is gone or another user's). */
export function countOpenFiles(pid: Pid, proc = PROC): number | null {
  try {
    return readdirSync(`${proc}/${pid}/fd`).length
  } catch (error) {
    failedReading(error) // throws what is no failed system call
    return null
  }
}
