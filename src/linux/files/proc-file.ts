import { readFileSync, readSync } from 'node:fs'
import { systemErrorCode } from '../../shared/errors.js'

/**
 * Folder where the kernel shows processes. Every reader accepts another folder in its place, for
 * tests.
 */
export const PROC = '/proc'

/** A process, or one thread of it. */
export type Pid = number | 'self' | `${number}/task/${number}`

/**
 * Result of reading one file of one process. A process that has exited is not an error of the
 * reader.
 */
export type ProcFile = { kind: 'read'; text: string } | FailedReading

export type FailedReading =
  | { kind: 'gone' } // exited between listing and reading
  | { kind: 'unreadable'; code: string } // EACCES: another user's process, a hardened kernel; EMFILE: too many open files

/** Reads one file of one process, for example `status` of 4127. */
export function readProcFile(pid: Pid, file: string, proc = PROC): ProcFile {
  const path = `${proc}/${pid}/${file}`
  try {
    return { kind: 'read', text: readFileSync(path, 'utf8') }
  } catch (error) {
    return failedReading(error)
  }
}

/**
 * Classifies a failed reading. ENOENT on opening and ESRCH on reading mean that the process has
 * exited.
 */
export function failedReading(error: unknown): FailedReading {
  const code = systemErrorCode(error)
  if (code === undefined) throw error
  return code === 'ENOENT' || code === 'ESRCH' ? { kind: 'gone' } : { kind: 'unreadable', code }
}

/**
 * Reads an open file of /proc again from its start, into the caller's buffer, so that nothing is
 * allocated.
 *
 * @returns the number of bytes
 * @throws the system's error
 */
export function readFromStart(descriptor: number, buffer: Buffer): number {
  return readSync(descriptor, buffer, 0, buffer.length, 0)
}
