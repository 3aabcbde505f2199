import { readFileSync, readSync } from 'node:fs'
import { systemErrorCode } from '../../shared/errors.js'

/** Where the kernel shows processes. Every reader takes another folder in its place, for tests. */
export const PROC = '/proc'

/** A process, or one thread of it. */
export type Pid = number | 'self' | `${number}/task/${number}`

/** What became of an attempt to read one file of one process. A process that is gone is no fault of the reader. */
export type ProcFile = { kind: 'read'; text: string } | FailedReading

export type FailedReading =
  | { kind: 'gone' } // exited between listing and reading
  | { kind: 'unreadable'; code: string } // EACCES and kin: another user's process, a hardened kernel; EMFILE: too many files are open here

/** One file of one process, for example `status` of 4127. */
export function readProcFile(pid: Pid, file: string, proc = PROC): ProcFile {
  const path = `${proc}/${pid}/${file}`
  try {
    return { kind: 'read', text: readFileSync(path, 'utf8') }
  } catch (error) {
    return failedReading(error)
  }
}

/** ENOENT on opening and ESRCH on reading mean that the process has exited. */
export function failedReading(error: unknown): FailedReading {
  const code = systemErrorCode(error)
  if (code === undefined) throw error
  return code === 'ENOENT' || code === 'ESRCH' ? { kind: 'gone' } : { kind: 'unreadable', code }
}

/**
 * Reads a kept-open file of /proc again, from its start. The buffer is the caller's, so nothing is allocated.
 *
 * @returns the number of bytes
 * @throws the system's error
 */
export function readFromStart(descriptor: number, buffer: Buffer): number {
  return readSync(descriptor, buffer, 0, buffer.length, 0)
}
