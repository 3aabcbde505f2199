import { readdirSync, readlinkSync, statSync } from 'node:fs'
import { systemErrorCode } from '../../shared/errors.js'
import { livingThread } from '../threads/living-thread.js'
import { failedReading, type Pid, PROC, readProcFile } from './proc-file.js'

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

/** Limits of open descriptors of a process (RLIMIT_NOFILE). */
export interface OpenFilesLimit {
  soft: number
  hard: number
}

/** Returns the limits of a process, or undefined where they cannot be read. */
export function openFilesLimit(pid: Pid): OpenFilesLimit | undefined {
  const limits = readProcFile(pid, 'limits')
  const [, soft, hard] = (limits.kind === 'read' && /^Max open files +(\d+) +(\d+) /m.exec(limits.text)) || []
  return soft === undefined || hard === undefined ? undefined : { soft: Number(soft), hard: Number(hard) }
}

/** Number of descriptors that long-lived readers leave free. */
const SPARE_FILES = 64

/** First descriptor that is spare. */
let firstSpare: number | undefined

/**
 * Returns whether a descriptor just opened is one of the last that this process may have. Code that
 * keeps many files open closes it again, since a module that is loaded late, a stored file or a
 * pipe of a new process needs one too. Linux assigns the lowest free descriptor, so the number is
 * enough to know.
 */
export function isSpareDescriptor(descriptor: number): boolean {
  if (firstSpare === undefined) {
    const { soft } = openFilesLimit('self') ?? { soft: Number.POSITIVE_INFINITY }
    firstSpare = soft - Math.min(SPARE_FILES, soft / 4)
  }
  return descriptor >= firstSpare
}
