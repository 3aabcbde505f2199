import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { failedReading } from '../files/proc-file.js'
import type { CgroupPlace } from '../memory/cgroup.js'

/** The highest memory charged to a cgroup since the same reader last took its peak. */
export interface TakenPeak {
  bytes: number
  /**
   * False where the mark could not be reset and was higher before: the peak is at most this value.
   */
  isExact: boolean
}

export interface CgroupPeakReader {
  /**
   * Takes the peak since the last call. Returns null where the kernel keeps no peak, or the cgroup
   * is gone.
   */
  take(): TakenPeak | null
  close(): void
}

/**
 * The high-water mark of a cgroup, shared by several readers. Version 1 has one mark, which a write
 * to `memory.max_usage_in_bytes` resets for everyone
 * (Documentation/admin-guide/cgroup-v1/memory.rst). Version 2 keeps one for each open descriptor of
 * `memory.peak` that was written to, from Linux 6.12 on; before that it cannot be reset
 * (Documentation/admin-guide/cgroup-v2.rst).
 */
export class CgroupPeak {
  readonly #place: CgroupPlace
  readonly #readers = new Set<SharedReader>()

  constructor(place: CgroupPlace) {
    this.#place = place
  }

  /**
   * Starts a reader. Its first peak covers the time from now, or from the cgroup's creation with
   * `isNew`.
   *
   * @returns undefined where the kernel keeps no peak of this cgroup
   */
  open({ isNew = false } = {}): CgroupPeakReader | undefined {
    const { version, folder } = this.#place
    const file = join(folder, version === 1 ? 'memory.max_usage_in_bytes' : 'memory.peak')
    const writable = openFile(file, constants.O_RDWR)
    const descriptor = writable ?? openFile(file, constants.O_RDONLY)
    if (descriptor === undefined) return undefined
    const own = new SharedReader(descriptor, (mark) => {
      if (writable === undefined || !reset(descriptor)) return false
      // In version 2 the reset affects this descriptor alone.
      if (version === 1) for (const reader of this.#readers) if (reader !== own) reader.taken(mark)
      return true
    })
    this.#readers.add(own)
    if (!isNew) own.take()
    return {
      take: () => own.take(),
      close: () => {
        this.#readers.delete(own)
        closeSync(descriptor)
      },
    }
  }
}

class SharedReader {
  readonly #descriptor: number
  readonly #reset: (mark: number) => boolean
  /** The highest mark that other readers reset. */
  #takenBytes = 0
  /** The mark at the last reading, if it could not be reset. */
  #markBytes = 0

  constructor(descriptor: number, resetMark: (mark: number) => boolean) {
    this.#descriptor = descriptor
    this.#reset = resetMark
  }

  taken(mark: number): void {
    this.#takenBytes = Math.max(this.#takenBytes, mark)
  }

  take(): TakenPeak | null {
    const mark = readNumber(this.#descriptor)
    if (mark === null) return null
    const isReset = this.#reset(mark)
    const taken = {
      bytes: Math.max(mark, this.#takenBytes),
      isExact: isReset || mark > this.#markBytes,
    }
    this.#takenBytes = 0
    this.#markBytes = isReset ? 0 : mark
    return taken
  }
}

const buffer = Buffer.alloc(32)

function readNumber(descriptor: number): number | null {
  try {
    const text = buffer.toString('latin1', 0, readSync(descriptor, buffer, 0, buffer.length, 0)).trim()
    return /^\d+$/.test(text) ? Number(text) : null
  } catch (error) {
    failedReading(error) // rethrows anything but a failed system call; ENODEV: the cgroup was removed
    return null
  }
}

function reset(descriptor: number): boolean {
  try {
    writeSync(descriptor, '0\n', 0)
    return true
  } catch (error) {
    failedReading(error) // rethrows anything but a failed system call; EINVAL: older than 6.12
    return false
  }
}

function openFile(file: string, flags: number): number | undefined {
  try {
    return openSync(file, flags)
  } catch (error) {
    failedReading(error) // rethrows anything but a failed system call; a missing or unreadable file counts as absent
    return undefined
  }
}
