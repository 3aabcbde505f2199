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
  /** Reads what has been appended until now, without waiting to be told of it; of very much, the rest a little later. */
  readNow(): void
  /** Resolves when all is read that has been appended until now; others have their turn meanwhile. */
  readAll(): Promise<void>
  close(): void
}

export interface FollowOptions {
  /** Pass over what is in the file now. A file that appears later is read from its start all the same. */
  fromEnd?: boolean
  /** Nobody cuts it off or replaces it; where the kernel tells of appends, it is then hardly looked at without being told. */
  isOurs?: boolean
  /** Look at the start and when `readNow` is called, and not by itself: where nobody is in a hurry, each time awake costs. */
  whenAsked?: boolean
  /** Nothing beyond this place is read: whoever writes the file may never stop. */
  mostBytes?: number
}

/** The kernel tells of an append within a millisecond; the poll is for what it does not tell, such as a log that is rotated. */
const POLL_MS = 1000
const POLL_OURS_MS = 30_000
/** Where others write and the kernel does not hear of it, the poll is all there is. */
const POLL_UNTOLD_MS = 200
/** File systems over a network or in another process: NFS, SMB, CIFS, SMB2, FUSE, 9p (statfs(2)). */
const UNTOLD_TYPES: readonly number[] = [0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x65735546, 0x01021997]
const CHUNK_BYTES = 65_536
/** A program that writes faster than we read must not keep us from everything else, such as ending it. */
const LONGEST_TURN_MS = 50
/** The end of what a process wrote should be known with its exit, but not at any price. */
const LONGEST_WAIT_MS = 500

/**
 * Calls `onChunk` with what is in a file, then with what is appended, as it is appended. The file need not be there yet,
 * and may be cut off or replaced by another, as logs are when they are rotated.
 *
 * @throws UsageError when the file is there and cannot be read
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
  /** Whether the kernel hears of what others append. */
  #isTold = false

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
    if (this.#descriptor === null) this.#open() // it may have appeared since the last poll
    if (this.#descriptor === null) return
    if (!this.#readUntil(fstatSync(this.#descriptor).size, LONGEST_WAIT_MS)) this.#readMore()
  }

  async readAll(): Promise<void> {
    if (this.#descriptor === null) this.#open()
    if (this.#descriptor === null) return
    const end = fstatSync(this.#descriptor).size
    while (!this.#readUntil(end, LONGEST_TURN_MS)) await new Promise((resolve) => setImmediate(resolve))
  }

  /** What has been appended, a part at a time. */
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
   * Up to this place or a little beyond; it may be closed meanwhile, by what is told of the lines.
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
        this.#position = 0 // cut off by whoever writes it anew
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
      this.#watcher !== undefined && this.#isTold ? this.#pollMs : POLL_UNTOLD_MS,
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

  /** The system's error when the file cannot be opened; it may be later. */
  #open(): Error | undefined {
    try {
      this.#descriptor = openSync(this.#path, constants.O_RDONLY | constants.O_NONBLOCK)
    } catch (error) {
      if (systemErrorCode(error) === undefined) throw error
      return error as Error
    }
    const opened = fstatSync(this.#descriptor)
    if (!opened.isFile()) {
      // A pipe has taken its place: without O_NONBLOCK, opening it would wait for a writer.
      this.#closeFile()
      return new Error('it is no file')
    }
    this.#inode = opened.ino
    this.#position = 0
    if (this.#whenAsked) return undefined
    this.#isTold = isTold(this.#path)
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

/** A folder cannot be read, and opening a pipe waits for whoever writes to it. */
function assertRegular(path: string): void {
  let found: Stats | undefined
  try {
    found = statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return // opening it tells what is wrong
  }
  if (found === undefined || found.isFile()) return
  const kind = found.isDirectory() ? 'a folder' : 'a pipe or a device'
  throw new UsageError(`cannot follow ${path}: found ${kind}, expected a file that lines are appended to`)
}

function isTold(path: string): boolean {
  try {
    return !UNTOLD_TYPES.includes(statfsSync(path).type)
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return false
  }
}

/** Without a watch (the user's inotify instances are used up) the poll alone brings what is new, a little later. */
function watchFile(path: string, onChange: () => void): FSWatcher | undefined {
  try {
    return watch(path, { persistent: false }, onChange).on('error', () => {})
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return undefined
  }
}
