import {
  closeSync,
  constants,
  type FSWatcher,
  fstatSync,
  openSync,
  readSync,
  type Stats,
  statfsSync,
  statSync,
  watch,
} from 'node:fs'
import { messageOf, systemErrorCode, UsageError } from '../shared/errors.js'

export interface FollowedFile {
  /**
   * Reads what has been appended until now, without waiting for an event. If there is very much,
   * the rest follows a little later.
   */
  readNow(): void
  /** Resolves when everything appended until now is read. The event loop turns meanwhile. */
  readAll(): Promise<void>
  close(): void
}

export interface FollowOptions {
  /** Skip what is in the file now. A file that appears later is still read from its start. */
  fromEnd?: boolean
  /**
   * No other program truncates or replaces the file. Where the kernel reports appends, it is then
   * hardly ever polled.
   */
  isOurs?: boolean
  /**
   * Read only at the start and when `readNow` is called. This spares wake-ups where nothing is
   * urgent.
   */
  whenAsked?: boolean
  /** Offset beyond which nothing is read, since the writer may never stop. */
  mostBytes?: number
}

/**
 * Interval of the poll. The kernel reports an append within a millisecond; the poll finds what it
 * does not report, such as a rotated log.
 */
const POLL_MS = 1000
const POLL_OURS_MS = 30_000
/**
 * Interval of the poll where other machines or programs write and the kernel does not see it: the
 * poll is then the only way.
 */
const POLL_REMOTE_MS = 200
/**
 * Magic numbers of file systems over a network or in another process: NFS, SMB, CIFS, SMB2, FUSE,
 * 9p (statfs(2)).
 */
const REMOTE_FILE_SYSTEMS: readonly number[] = [0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x65735546, 0x01021997]
const CHUNK_BYTES = 65_536
/**
 * How long one turn may read. A program that writes faster than we read must not keep us from
 * everything else, such as ending it.
 */
const LONGEST_TURN_MS = 50
/**
 * How long `readNow` may read. The end of a process's output should be known with its exit, but not
 * at any price.
 */
const LONGEST_WAIT_MS = 500

/**
 * Calls `onChunk` with the content of a file, then with what is appended, as it is appended. The
 * file need not exist yet, and may be truncated or replaced, as logs are when they are rotated.
 *
 * @throws UsageError when the file exists and cannot be read
 */
export function followFile(path: string, onChunk: (chunk: Buffer) => void, options: FollowOptions = {}): FollowedFile {
  return new Follower(path, onChunk, options)
}

class Follower implements FollowedFile {
  readonly #path: string
  readonly #onChunk: (chunk: Buffer) => void
  readonly #pollMs: number
  readonly #whenAsked: boolean
  readonly #mostBytes: number
  readonly #chunk = Buffer.alloc(CHUNK_BYTES)
  #poll: NodeJS.Timeout | undefined
  #descriptor: number | null = null
  #inode = 0
  #position = 0
  #watcher: FSWatcher | undefined
  #more: NodeJS.Immediate | undefined
  /** Whether the kernel reports appends of other programs. */
  #reportsAppends = false

  constructor(
    path: string,
    onChunk: (chunk: Buffer) => void,
    { fromEnd = false, isOurs = false, whenAsked = false, mostBytes = Number.POSITIVE_INFINITY }: FollowOptions,
  ) {
    this.#path = path
    this.#whenAsked = whenAsked
    this.#mostBytes = mostBytes
    this.#pollMs = isOurs ? POLL_OURS_MS : POLL_MS
    this.#onChunk = onChunk
    assertRegular(path)
    const problem = this.#open()
    if (problem !== undefined && systemErrorCode(problem) !== 'ENOENT')
      throw new UsageError(`cannot follow ${path}: ${messageOf(problem)}`, { cause: problem })
    if (this.#descriptor !== null && fromEnd) this.#position = fstatSync(this.#descriptor).size
    this.readNow()
    if (!whenAsked) this.#pollAgain()
  }

  readNow(): void {
    if (this.#descriptor === null) this.#open() // the file may have appeared since the last poll
    if (this.#descriptor === null) return
    if (!this.#readUntil(fstatSync(this.#descriptor).size, LONGEST_WAIT_MS)) this.#readMore()
  }

  async readAll(): Promise<void> {
    if (this.#descriptor === null) this.#open()
    if (this.#descriptor === null) return
    const end = fstatSync(this.#descriptor).size
    while (!this.#readUntil(end, LONGEST_TURN_MS)) await new Promise((resolve) => setImmediate(resolve))
  }

  /** Reads what has been appended, one turn at a time. */
  #readSome(): void {
    if (this.#descriptor === null) this.#open()
    if (this.#descriptor === null || this.#more !== undefined) return
    if (!this.#readUntil(Number.POSITIVE_INFINITY, LONGEST_TURN_MS)) this.#readMore()
  }

  #readMore(): void {
    this.#more ??= setImmediate(() => {
      this.#more = undefined
      this.#readSome()
    })
  }

  /**
   * Reads up to this offset or a little beyond. `onChunk` may close the file meanwhile.
   *
   * @returns false when the time was up before all was read
   */
  #readUntil(wanted: number, longestMs: number): boolean {
    const end = Math.min(wanted, this.#mostBytes)
    const untilMs = performance.now() + longestMs
    while (this.#descriptor !== null && this.#position < end) {
      if (performance.now() > untilMs) return false
      const length = readSync(this.#descriptor, this.#chunk, 0, this.#chunk.length, this.#position)
      if (length === 0) {
        if (fstatSync(this.#descriptor).size >= this.#position) return true
        this.#position = 0 // the writer has truncated it
        continue
      }
      this.#position += length
      this.#onChunk(this.#chunk.subarray(0, length))
    }
    return true
  }

  close(): void {
    clearImmediate(this.#more)
    clearTimeout(this.#poll)
    this.#closeFile()
  }

  #pollAgain(): void {
    this.#poll = setTimeout(
      () => {
        this.#check()
        this.#pollAgain()
      },
      this.#watcher !== undefined && this.#reportsAppends ? this.#pollMs : POLL_REMOTE_MS,
    )
    this.#poll.unref()
  }

  #check(): void {
    this.#readSome()
    if (this.#descriptor === null || this.#more !== undefined) return
    const now = this.#stat()
    if (now !== undefined && now.ino === this.#inode && now.size >= this.#position) return
    this.#closeFile()
    this.#open()
    this.readNow()
  }

  /** Returns the system's error when the file cannot be opened; a later attempt may succeed. */
  #open(): Error | undefined {
    try {
      this.#descriptor = openSync(this.#path, constants.O_RDONLY | constants.O_NONBLOCK)
    } catch (error) {
      if (systemErrorCode(error) === undefined) throw error
      return error as Error
    }
    const opened = fstatSync(this.#descriptor)
    if (!opened.isFile()) {
      // A pipe has taken the file's place. Without O_NONBLOCK, opening it would wait for a writer.
      this.#closeFile()
      return new Error('it is no file')
    }
    this.#inode = opened.ino
    this.#position = 0
    if (this.#whenAsked) return undefined
    this.#reportsAppends = reportsAppends(this.#path)
    this.#watcher = watchFile(this.#path, () => this.#readSome())
    return undefined
  }

  #stat(): { ino: number; size: number } | undefined {
    return statSync(this.#path, { throwIfNoEntry: false })
  }

  #closeFile(): void {
    this.#watcher?.close()
    if (this.#descriptor !== null) closeSync(this.#descriptor)
    this.#watcher = undefined
    this.#descriptor = null
  }
}

/** Throws for a folder, which cannot be read, and for a pipe, whose opening waits for a writer. */
function assertRegular(path: string): void {
  let found: Stats | undefined
  try {
    found = statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return // opening it reports what is wrong
  }
  if (found === undefined || found.isFile()) return
  const kind = found.isDirectory() ? 'a folder' : 'a pipe or a device'
  throw new UsageError(`cannot follow ${path}: found ${kind}, expected a file that lines are appended to`)
}

function reportsAppends(path: string): boolean {
  try {
    return !REMOTE_FILE_SYSTEMS.includes(statfsSync(path).type)
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return false
  }
}

/**
 * Watches a file. Without a watch (the user's inotify instances are used up) only the poll finds
 * what is new, a little later.
 */
function watchFile(path: string, onChange: () => void): FSWatcher | undefined {
  try {
    return watch(path, { persistent: false }, onChange).on('error', () => {})
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return undefined
  }
}
