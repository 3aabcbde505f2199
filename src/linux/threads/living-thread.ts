import { readdirSync } from 'node:fs'
import { failedReading, type Pid, PROC, type ProcFile, readProcFile } from '../files/proc-file.js'

/**
 * Returns the thread through which to read a process whose main thread has ended while others run
 * (`pthread_exit` in main). /proc/PID itself then looks like a zombie's, without memory, command
 * line or descriptors. Undefined for every other process.
 */
export function livingThread(pid: Pid, proc = PROC): `${number}/task/${number}` | undefined {
  if (!hasExited(pid, proc)) return undefined
  const tid = threadsOf(pid, proc).find((thread) => thread !== pid && !hasExited(`${Number(pid)}/task/${thread}`, proc))
  return tid === undefined ? undefined : `${Number(pid)}/task/${tid}`
}

/**
 * Reads a file that belongs to the process as a whole, through a living thread where the main
 * thread has ended.
 */
export function readSharedFile(pid: Pid, file: string, proc = PROC): ProcFile {
  const own = readProcFile(pid, file, proc)
  if (own.kind === 'read' && own.text !== '') return own
  const thread = livingThread(pid, proc)
  return thread === undefined ? own : readProcFile(thread, file, proc)
}

/**
 * Reads the third field of `stat`, the state. It follows the name, which may itself contain
 * parentheses.
 */
function hasExited(pid: Pid, proc: string): boolean {
  const stat = readProcFile(pid, 'stat', proc)
  if (stat.kind !== 'read') return false
  const state = stat.text.charAt(stat.text.lastIndexOf(')') + 2)
  return state === 'Z' || state === 'X'
}

function threadsOf(pid: Pid, proc: string): number[] {
  try {
    return readdirSync(`${proc}/${pid}/task`).map(Number)
  } catch (error) {
    failedReading(error) // rethrows anything but a failed system call
    return []
  }
}
