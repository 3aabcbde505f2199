import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { messageOf, UsageError } from '../../errors.js'

/** The name that stands for standard input. */
export const STANDARD_INPUT = '-'

/** Far more than any recording that is piped; a pipe has no size to look at beforehand. */
const MOST_BYTES = 256 * 2 ** 20
const CHUNK_BYTES = 65_536

/**
 * All of what a pipe, a terminal or standard input holds, since it can be read only once: `<(command)`, `/dev/fd/63`, `-`.
 *
 * @returns undefined for a regular file, which is read line by line as often as needed
 */
export function pipedContent(path: string): Buffer | undefined {
  if (path !== STANDARD_INPUT && statSync(path).isFile()) return undefined
  try {
    const descriptor = path === STANDARD_INPUT ? process.stdin.fd : openSync(path, 'r')
    try {
      return readToEnd(descriptor, path)
    } finally {
      if (path !== STANDARD_INPUT) closeSync(descriptor)
    }
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`cannot read ${path}: ${messageOf(error)}`, { cause: error })
  }
}

function readToEnd(descriptor: number, path: string): Buffer {
  const chunks: Buffer[] = []
  let bytes = 0
  for (;;) {
    const chunk = Buffer.alloc(CHUNK_BYTES)
    const length = readSync(descriptor, chunk)
    if (length === 0) return Buffer.concat(chunks)
    chunks.push(chunk.subarray(0, length))
    bytes += length
    if (bytes > MOST_BYTES)
      throw new UsageError(`${path} gave more than ${MOST_BYTES / 2 ** 20} MiB, expected a recording`, {
        fix: 'Write it to a file, which is read piece by piece.',
      })
  }
}
