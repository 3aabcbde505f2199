import { closeSync, openSync, readSync } from 'node:fs'
import { messageOf, UsageError } from '../../shared/errors.js'

const CHUNK_BYTES = 262_144
/**
 * Maximum length of a line. No format that is read here has longer lines; a file without newlines
 * is not text.
 */
const LONGEST_LINE = 1_048_576
const NEWLINE = 0x0a

/** Iterates over the lines of a file of any size, without their line ends. */
export class Lines implements Iterable<string> {
  readonly file: string
  /** Number of the last line that was yielded; counts from 1. */
  number = 0
  /**
   * False for a last line without a newline: the file is still being written, or its writer was
   * killed.
   */
  isWhole = true

  readonly #content: Buffer | undefined

  /** @param content content of the file, if it can be read only once and was read already */
  constructor(file: string, content?: Buffer) {
    this.file = file
    this.#content = content
  }

  *[Symbol.iterator](): Generator<string, undefined> {
    if (this.#content === undefined) yield* this.#ofFile()
    else yield* this.#ofContent(this.#content)
  }

  *#ofContent(content: Buffer): Generator<string, undefined> {
    const end = content.lastIndexOf(NEWLINE)
    if (end >= 0) yield* this.#split(content.toString('utf8', 0, end))
    this.isWhole = false
    if (end + 1 < content.length) yield* this.#split(content.toString('utf8', end + 1))
  }

  *#ofFile(): Generator<string, undefined> {
    const descriptor = openToRead(this.file)
    try {
      const chunk = Buffer.alloc(CHUNK_BYTES)
      let rest: Buffer = Buffer.alloc(0)
      for (let length = read(descriptor, chunk); length > 0; length = read(descriptor, chunk)) {
        const bytes = rest.length === 0 ? chunk.subarray(0, length) : Buffer.concat([rest, chunk.subarray(0, length)])
        const end = bytes.lastIndexOf(NEWLINE)
        if (end >= 0) yield* this.#split(bytes.toString('utf8', 0, end))
        rest = Buffer.from(bytes.subarray(end + 1))
        if (rest.length > LONGEST_LINE) throw this.#tooLong()
      }
      this.isWhole = false
      if (rest.length > 0) yield* this.#split(rest.toString('utf8'))
    } finally {
      closeSync(descriptor)
    }
  }

  *#split(text: string): Generator<string, undefined> {
    for (const line of text.split('\n')) {
      this.number++
      yield line.endsWith('\r') ? line.slice(0, -1) : line
    }
  }

  /** Returns the error for a malformed line. `expected` completes "expected ...". */
  error(line: string, expected: string): UsageError {
    const found = line === '' ? 'an empty line' : `"${line.length > 80 ? `${line.slice(0, 77)}...` : line}"`
    return new UsageError(`${this.file}, line ${this.number}: found ${found}, expected ${expected}`)
  }

  #tooLong(): UsageError {
    return new UsageError(
      `${this.file}, line ${this.number + 1}: found more than ${LONGEST_LINE} bytes without a newline, expected text`,
    )
  }
}

function openToRead(file: string): number {
  try {
    return openSync(file, 'r')
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${messageOf(error)}`, { cause: error })
  }
}

function read(descriptor: number, chunk: Buffer): number {
  return readSync(descriptor, chunk, 0, chunk.length, null)
}
