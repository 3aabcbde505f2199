import { statSync } from 'node:fs'
import { failedReading, PROC, readProcFile } from '../files/proc-file.js'

/**
 * Returns what this user may do with processes of other users, judged by process 1. `all`:
 * everything, as root. `read`: RSS and peak are readable, but the peak cannot be reset, and PSS,
 * environment and open files are not accessible. `hidden`: /proc is mounted with hidepid.
 * `unknown`: process 1 is this user's own, as in some containers.
 *
 * Yama's ptrace_scope does not matter here: it limits who may attach to a process, not who may read
 * its files in /proc.
 */
export function othersProcesses(proc = PROC): 'all' | 'read' | 'hidden' | 'unknown' {
  if (process.geteuid?.() === 0) return 'all'
  if (readProcFile(1, 'status', proc).kind !== 'read') return 'hidden'
  try {
    return statSync(`${proc}/1`).uid === process.geteuid?.() ? 'unknown' : 'read'
  } catch (error) {
    failedReading(error) // rethrows anything but a failed system call
    return 'hidden'
  }
}
