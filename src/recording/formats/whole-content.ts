import { closeSync, fstatSync, openSync, readFileSync, readSync, statSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { messageOf, systemErrorCode, UsageError } from '../../shared/errors.js'

/** Path that stands for standard input. */
export const STANDARD_INPUT = '-'

/**
 * Maximum size of piped or compressed input, far more than any recording; its size is unknown
 * beforehand.
 */
const MOST_BYTES = 256 * 2 ** 20
const CHUNK_BYTES = 65_536
const RETRY_MS = 20
const RETRY_CLOCK = new Int32Array(new SharedArrayBuffer(4))

/**
 * Reads what cannot be read line by line, as UTF-8 text: a pipe, a terminal or standard input,
 * which can be read only once; a file compressed by gzip; a file in UTF-16.
 *
 * @returns undefined for any other regular file, which is read line by line as often as needed
 * @throws UsageError for a file that is not text, with what it is
 */
export function wholeContent(path: string): Buffer | undefined {
  try {
    if (path !== STANDARD_INPUT && statSync(path).isFile()) {
      const start = startOf(path)
      return isPacked(start) || isUtf16(start) ? asText(path, readAll(path)) : assertText(path, start)
    }
    // Not process.stdin, which would set the pipe to give up where nothing is there yet.
    const descriptor = path === STANDARD_INPUT ? 0 : openSync(path, 'r')
    try {
      return asText(path, readToEnd(descriptor, path))
    } finally {
      if (path !== STANDARD_INPUT) closeSync(descriptor)
    }
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`cannot read ${path}: ${messageOf(error)}`, { cause: error })
  }
}

function startOf(path: string): Buffer {
  const descriptor = openSync(path, 'r')
  try {
    const start = Buffer.alloc(Math.min(4096, Math.max(1, fstatSync(descriptor).size)))
    return start.subarray(0, readSync(descriptor, start))
  } finally {
    closeSync(descriptor)
  }
}

function readAll(path: string): Buffer {
  if (statSync(path).size > MOST_BYTES) throw tooMuch(path)
  return readFileSync(path)
}

function asText(path: string, bytes: Buffer): Buffer {
  const plain = isPacked(bytes) ? unpacked(path, bytes) : bytes
  if (isUtf16(plain)) return Buffer.from(new TextDecoder(utf16Of(plain)).decode(plain), 'utf8')
  assertText(path, plain.subarray(0, 4096))
  return plain
}

function isPacked(start: Buffer): boolean {
  return start[0] === 0x1f && start[1] === 0x8b
}

function unpacked(path: string, bytes: Buffer): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: MOST_BYTES })
  } catch (error) {
    if (systemErrorCode(error) === 'ERR_BUFFER_TOO_LARGE') throw tooMuch(path)
    throw new UsageError(`cannot unpack ${path}, which begins as gzip's files do: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

function utf16Of(start: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  if (start[0] === 0xff && start[1] === 0xfe) return 'utf-16le'
  if (start[0] === 0xfe && start[1] === 0xff) return 'utf-16be'
  if (start.length < 4) return undefined
  // Without a byte order mark, every other byte of plain letters is zero.
  if (start[0] !== 0 && start[1] === 0 && start[2] !== 0 && start[3] === 0) return 'utf-16le'
  return start[0] === 0 && start[1] !== 0 && start[2] === 0 && start[3] !== 0 ? 'utf-16be' : undefined
}

function isUtf16(start: Buffer): boolean {
  return utf16Of(start) !== undefined
}

const KINDS: [string, string, string][] = [
  ['504b0304', 'a ZIP archive or an Excel workbook', 'Unpack it, or save the sheet as CSV.'],
  ['50415231', 'a Parquet file', 'Write it as CSV: pandas.read_parquet(FILE).to_csv(...), or tidemark export --csv.'],
  ['28b52ffd', 'packed by zstd', 'Unpack it first: zstd -dc FILE | tidemark analyze -'],
  ['fd377a58', 'packed by xz', 'Unpack it first: xz -dc FILE | tidemark analyze -'],
  ['425a68', 'packed by bzip2', 'Unpack it first: bzip2 -dc FILE | tidemark analyze -'],
  ['53514c697465', 'a database of SQLite', 'Write the table as CSV: sqlite3 -header -csv FILE "SELECT ..."'],
  ['89504e47', 'a PNG image', 'Name the file that it was drawn from.'],
  ['25504446', 'a PDF', 'Name the file that it was drawn from.'],
]

/**
 * Rejects a file that begins as no text does.
 *
 * @throws UsageError for such a file
 */
function assertText(path: string, start: Buffer): undefined {
  const hex = start.subarray(0, 8).toString('hex')
  const known = KINDS.find(([magic]) => hex.startsWith(magic))
  if (known !== undefined)
    throw new UsageError(`${path} is ${known[1]}, expected a recording or a table as text`, { fix: known[2] })
  if (start.includes(0))
    throw new UsageError(`${path} is no text, expected a recording or a table as text`, {
      fix: 'Tables are read as CSV, as JSON, or with blanks between the columns.',
    })
}

function readToEnd(descriptor: number, path: string): Buffer {
  const chunks: Buffer[] = []
  let bytes = 0
  for (;;) {
    const chunk = Buffer.alloc(CHUNK_BYTES)
    const length = readWhenThere(descriptor, chunk)
    if (length === 0) return Buffer.concat(chunks)
    chunks.push(chunk.subarray(0, length))
    bytes += length
    if (bytes > MOST_BYTES) throw tooMuch(path)
  }
}

/** Reads from a pipe that another program may have set to give up where nothing is there yet. */
function readWhenThere(descriptor: number, chunk: Buffer): number {
  for (;;) {
    try {
      return readSync(descriptor, chunk)
    } catch (error) {
      if (systemErrorCode(error) !== 'EAGAIN') throw error
      Atomics.wait(RETRY_CLOCK, 0, 0, RETRY_MS)
    }
  }
}

function tooMuch(path: string): UsageError {
  return new UsageError(`${path} gave more than ${MOST_BYTES / 2 ** 20} MiB, expected a recording`, {
    fix: 'Write it to a file as plain text, which is read piece by piece.',
  })
}
