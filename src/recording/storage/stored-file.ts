import { closeSync, constants, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'
import * as v from 'valibot'
import { messageOf, UsageError } from '../../shared/errors.js'
import { formatBytes } from '../../shared/units.js'

/**
 * Opens a file of a recording or comparison for reading. Refuses anything but a regular file,
 * because a pipe would keep its reader waiting for ever.
 *
 * @throws UsageError for that, and the system's error otherwise
 */
export function openStored(file: string): number {
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
  if (fstatSync(descriptor).isFile()) return descriptor
  closeSync(descriptor)
  throw new UsageError(`cannot read ${file}: found a folder, a pipe or a device, expected a file`)
}

/** Size that no stored JSON file has; one of a thousand trials takes some 20 MiB. */
const MOST_BYTES = 256 * 2 ** 20

/**
 * Reads a file of a recording or comparison.
 *
 * @throws as {@link openStored} does, and UsageError for a file that is too large to be one
 */
export function readStoredText(file: string): string {
  const descriptor = openStored(file)
  try {
    const { size } = fstatSync(descriptor)
    if (size <= MOST_BYTES) return readFileSync(descriptor, 'utf8')
    throw new UsageError(`cannot read ${file}: found ${formatBytes(size)}, expected at most ${formatBytes(MOST_BYTES)}`)
  } finally {
    closeSync(descriptor)
  }
}

const CHUNK_BYTES = 2 ** 20
/** Length that no line of interest exceeds. */
const LONGEST_LINE = 2 ** 20

/**
 * Yields the whole lines of a file without holding it in memory. Skips a last line without its
 * newline, as a killed writer leaves it.
 */
export function* storedLines(file: string): Generator<string, undefined> {
  const descriptor = openStored(file)
  const decoder = new StringDecoder('utf8')
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
  let partial = ''
  try {
    for (let length = readSync(descriptor, chunk); length > 0; length = readSync(descriptor, chunk)) {
      const lines = (partial + decoder.write(chunk.subarray(0, length))).split('\n')
      partial = lines.pop()!.slice(0, LONGEST_LINE)
      yield* lines
    }
  } finally {
    closeSync(descriptor)
  }
}

/**
 * Reads and checks a stored JSON file. Keys that the schema does not name pass through.
 *
 * @param what how messages call it: `recording of this version`
 * @throws UsageError that names the file, the place in it, what was found and what was expected
 */
export function readStored<Schema extends v.GenericSchema>(
  file: string,
  schema: Schema,
  what: string,
): v.InferOutput<Schema> {
  return checkStored(parseStored(file), schema, { file, what })
}

function parseStored(file: string): unknown {
  try {
    return JSON.parse(readStoredText(file))
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`cannot read ${file}: ${messageOf(error)}`, { cause: error })
  }
}

export function checkStored<Schema extends v.GenericSchema>(
  value: unknown,
  schema: Schema,
  { file, what, fix }: { file: string; what: string; fix?: string },
): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, value, { abortEarly: true })
  if (parsed.success) return parsed.output
  const [issue] = parsed.issues
  const key = v.getDotPath(issue)
  throw new UsageError(
    `${file} is no ${what}: ${key === null ? '' : `${key}: `}found ${issue.received}, expected ${issue.type === 'check' ? issue.message : (issue.expected ?? issue.message)}`,
    fix === undefined ? {} : { fix },
  )
}
