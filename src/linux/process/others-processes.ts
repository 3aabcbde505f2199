import { statSync } from 'node:fs'
import { failedReading, PROC, readProcFile } from '../files/proc-file.js'

/**
 * What this user may do with processes of other users, as process 1 shows. `all`: what root may. `read`: RSS and peak are
 * shown, but the peak cannot be reset, and PSS, environment and open files are closed. `hidden`: /proc is mounted with hidepid.
 * `unknown`: process 1 is this user's own, as in some containers.
 *
 * Yama's ptrace_scope does not matter here: it limits who may attach to a process, not who may read of it.
 */
export function othersProcesses(proc = PROC): 'all' | 'read' | 'hidden' | 'unknown' {
  if (process.geteuid?.() === 0) return 'all'
  if (readProcFile(1, 'status', proc).kind !== 'read') return 'hidden'
  try {
    return statSync(`${proc}/1`).uid === process.geteuid?.() ? 'unknown' : 'read'
  } catch (error) {
    failedReading(error) // throws what is no failed system call
    return 'hidden'
  }
}
