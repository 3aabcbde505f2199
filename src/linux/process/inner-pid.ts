import { type Pid, PROC, readProcFile } from '../files/proc-file.js'

/**
 * Returns the pid that a process has in a PID namespace of its own, as in a container. A program
 * inside knows itself by this pid. Null where the process is in our namespace, or cannot be read.
 */
export function readInnerPid(pid: Pid, proc = PROC): number | null {
  const file = readProcFile(pid, 'status', proc)
  if (file.kind !== 'read') return null
  const pids = /^NSpid:\s+(.+)$/m.exec(file.text)?.[1]?.split(/\s+/) ?? []
  return pids.length > 1 ? Number(pids.at(-1)) : null
}
