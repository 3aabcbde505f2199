import { closeSync, type FSWatcher, openSync, readSync, watch } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'
import { messageOf, UsageError } from '../errors.js'

export interface FollowedLines {
  /** Reads what has been appended since, without waiting to be told of it. */
  readNow(): void
  close(): void
}

/** The kernel tells of an append within a millisecond; the poll is for file systems that do not tell (NFS, some FUSE). */
const POLL_MS = 200
const CHUNK_BYTES = 65_536

/**
 * Calls `onLine` for every whole line of a file, those already there first, then each as it is appended. A last line
 * without its newline waits until it has one. The file is made if it is not there.
 */
export function followLines(file: string, onLine: (line: string) => void): FollowedLines {
  const descriptor = openToFollow(file)
  const decoder = new StringDecoder('utf8')
  const chunk = Buffer.alloc(CHUNK_BYTES)
  let position = 0
  let partial = ''
  let isOpen = true
  const readNow = () => {
    while (isOpen) {
      const length = readSync(descriptor, chunk, 0, chunk.length, position)
      if (length === 0) return
      position += length
      const lines = (partial + decoder.write(chunk.subarray(0, length))).split('\n')
      partial = lines.pop()!
      for (const line of lines) onLine(line)
    }
  }
  const poll = setInterval(readNow, POLL_MS)
  poll.unref()
  const watcher = watchFile(file, readNow)
  readNow()
  return {
    readNow,
    close: () => {
      clearInterval(poll)
      watcher?.close()
      isOpen = false
      closeSync(descriptor)
    },
  }
}

function openToFollow(file: string): number {
  try {
    return openSync(file, 'a+')
  } catch (error) {
    throw new UsageError(`cannot follow ${file}: ${messageOf(error)}`, { cause: error })
  }
}

/** Without a watch (the user's inotify instances are used up) the poll alone brings the lines, a little later. */
function watchFile(file: string, onChange: () => void): FSWatcher | undefined {
  try {
    return watch(file, { persistent: false }, onChange).on('error', () => {})
  } catch {
    return undefined
  }
}
