import { closeSync, openSync } from 'node:fs'
import { writeAllSync } from '../../shared/atomic-write.js'
import { messageOf, systemErrorCode, TidemarkError, UsageError } from '../../shared/errors.js'
import { mprofLines } from './mprof-writer.js'
import { openRecording } from './open-recording.js'

/** Number of characters that are buffered before a write. */
const BLOCK = 65_536

/**
 * Writes a recording of any format as a `.dat` file for `mprof plot` and `mprof peak`. For a tree,
 * MEM is the sum and every process has CHLD lines, as `mprof run -C -M` writes them. Rounds, exact
 * peaks and provenance are in tags of their own, which mprof skips and Tidemark reads back.
 *
 * @param path a recording: a Tidemark folder or a file
 * @throws UsageError if the file already exists, unless `isForced`
 */
export function writeMprofFile(path: string, file: string, { isForced = false } = {}): void {
  const { events } = openRecording(path)
  const descriptor = create(file, isForced)
  try {
    let block = ''
    for (const line of mprofLines(events())) {
      block += line
      if (block.length < BLOCK) continue
      write(descriptor, block, file)
      block = ''
    }
    write(descriptor, block, file)
  } finally {
    closeSync(descriptor)
  }
}

/** Creates the file. mprof appends to an existing one, which mixes two recordings. */
function create(file: string, isForced: boolean): number {
  try {
    return openSync(file, isForced ? 'w' : 'wx')
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST')
      throw new UsageError(`${file} is already there`, {
        fix: 'Name another file, or replace it with --force.',
        cause: error,
      })
    throw new TidemarkError(`cannot write ${file}: ${messageOf(error)}`, { cause: error })
  }
}

function write(descriptor: number, text: string, file: string): void {
  const bytes = Buffer.from(text)
  try {
    writeAllSync(descriptor, bytes, null)
  } catch (error) {
    throw new TidemarkError(`cannot write ${file}: ${messageOf(error)}`, { cause: error })
  }
}
