import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { constants as system } from 'node:os'
import { join } from 'node:path'
import { systemErrorCode } from '../../shared/errors.js'
import { loadNativeLibrary, lookUpNative, type NativeFunction } from '../native/native-library.js'
import {
  describeProcess,
  ownIdentity,
  type ProcessIdentity,
  parseIdentity,
  runState,
} from '../process/process-identity.js'

/** Operations of flock, from sys/file.h; they are the same on every Linux platform. */
const [LOCK_SH, LOCK_EX, LOCK_NB] = [1, 2, 4] as const

/**
 * How often to try for a lock that is held: {@link holderOf} holds it for a moment when it looks.
 */
const TRIES = 50
const PAUSE_MS = 5

export interface FolderLock {
  /**
   * Removes the lock's file and releases the lock. If a process ends without this, the lock is
   * released but the file stays.
   */
  release(): void
}

export type LockAttempt =
  | { kind: 'taken'; lock: FolderLock }
  /**
   * `by` names the process: `pid 12 in another container (web-1)`. `isCertain` is false where only
   * the file says that the process holds the lock.
   */
  | { kind: 'held'; by: string; isCertain: boolean }

/**
 * The holder of a folder. It is `unknown` where only the file names a process, and the process
 * cannot be seen from here.
 */
export type FolderHolder =
  /** `left` names the process that held it and ended without a release. */
  | { kind: 'none'; left: ProcessIdentity | undefined }
  | { kind: 'running' | 'unknown'; by: string; process: ProcessIdentity | undefined }

/**
 * Makes this process the only one that writes to a folder, until it releases the lock or ends in
 * any way.
 *
 * The kernel holds the lock (flock(2) on the file `name` in the folder), so it needs no pid: other
 * containers see it, and over NFS other machines do. The file names the holder. Where the kernel
 * cannot lock (no koffi, a file system without locks), only the file counts, and a process that
 * cannot be seen from here is assumed to run.
 *
 * @throws the system's error where the file cannot be opened or written
 */
export function lockFolder(folder: string, name: string): LockAttempt {
  const path = join(folder, name)
  for (;;) {
    const descriptor = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o644)
    let isTaken = false
    try {
      const locked = flockPatiently(descriptor, LOCK_EX)
      // The holder removed the file after we opened and before we locked it, so our lock guards
      // nothing.
      if (!isAt(path, descriptor)) continue
      const entry = readEntry(path)
      if (locked === 'held') return { kind: 'held', by: nameOf(entry), isCertain: true }
      if (countsByItsFile(entry, locked) && stateOf(entry) !== 'ended')
        return { kind: 'held', by: nameOf(entry), isCertain: stateOf(entry) === 'running' }
      writeEntry(descriptor, locked === 'locked')
      isTaken = true
      return { kind: 'taken', lock: { release: () => release(path, descriptor) } }
    } finally {
      if (!isTaken) closeSync(descriptor)
    }
  }
}

/**
 * Returns the holder of a folder, without taking the lock.
 *
 * @throws the system's error, unless the file does not exist
 */
export function holderOf(folder: string, name: string): FolderHolder {
  const path = join(folder, name)
  let descriptor: number
  try {
    descriptor = openSync(path, constants.O_RDONLY)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return { kind: 'none', left: undefined }
    throw error
  }
  try {
    const locked = flock(descriptor, LOCK_SH)
    const entry = readEntry(path)
    const process = entry?.process
    const state = locked === 'held' ? 'running' : countsByItsFile(entry, locked) ? stateOf(entry) : 'ended'
    return state === 'ended' ? { kind: 'none', left: process } : { kind: state, by: nameOf(entry), process }
  } finally {
    closeSync(descriptor)
  }
}

interface Entry {
  process: ProcessIdentity
  /** Whether the kernel holds its lock. */
  isLocked: boolean
}

/**
 * Returns whether to judge a holder by its file: it has no lock, or this process cannot see locks.
 */
function countsByItsFile(entry: Entry | undefined, locked: Locked): boolean {
  if (locked === 'unsupported') return true
  return entry !== undefined && !entry.isLocked
}

/**
 * Returns the state of an entry's process. An empty file is left by a process that ended, or lost
 * power, before it could write.
 */
function stateOf(entry: Entry | undefined): 'running' | 'ended' | 'unknown' {
  return entry === undefined ? 'ended' : runState(entry.process)
}

function nameOf(entry: Entry | undefined): string {
  return entry === undefined ? 'another process' : describeProcess(entry.process)
}

function readEntry(path: string): Entry | undefined {
  try {
    const { isLocked, ...identity } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
    const process = parseIdentity(identity)
    return process === undefined ? undefined : { process, isLocked: isLocked === true }
  } catch (error) {
    if (error instanceof SyntaxError || systemErrorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

function writeEntry(descriptor: number, isLocked: boolean): void {
  ftruncateSync(descriptor)
  writeSync(descriptor, `${JSON.stringify({ ...ownIdentity(), isLocked })}\n`, 0)
}

function release(path: string, descriptor: number): void {
  // A process that already has the file open sees that it is no longer the one at its path.
  if (isAt(path, descriptor)) rmSync(path, { force: true })
  closeSync(descriptor)
}

function isAt(path: string, descriptor: number): boolean {
  const [found, opened] = [statSync(path, { throwIfNoEntry: false }), fstatSync(descriptor)]
  return found?.ino === opened.ino && found.dev === opened.dev
}

type Locked = 'locked' | 'held' | 'unsupported'

function flockPatiently(descriptor: number, operation: number): Locked {
  for (let tries = 1; ; tries++) {
    const locked = flock(descriptor, operation)
    if (locked !== 'held' || tries === TRIES) return locked
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS)
  }
}

let nativeFlock: NativeFunction | undefined

function flock(descriptor: number, operation: number): Locked {
  const library = loadNativeLibrary()
  nativeFlock ??= lookUpNative('int flock(int, int)')
  if (nativeFlock === undefined || library.kind === 'absent') return 'unsupported'
  if (nativeFlock(descriptor, operation | LOCK_NB) === 0) return 'locked'
  return library.koffi.errno() === system.errno.EWOULDBLOCK ? 'held' : 'unsupported'
}
