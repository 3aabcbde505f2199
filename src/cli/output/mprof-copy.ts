import { existsSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { writeMprofFile } from '../../recording/formats/write-mprof-file.js'
import { UsageError } from '../../shared/errors.js'

/** A copy of a recording for mprof, which --format mprof requests. */
export interface MprofCopy {
  /**
   * Writes the copy once the recording is complete.
   *
   * @returns its path as the user would write it
   */
  write(): string
}

/**
 * Prepares a copy: `mprofile_20261123204823.dat` beside `tidemark-20261123204823`, so that mprof
 * lists it, and `NAME.dat` beside another NAME.
 *
 * @throws UsageError when the file exists, before anything is recorded
 */
export function mprofCopy(folder: string, isForced: boolean): MprofCopy {
  const digits = /^tidemark-(\d{14})$/.exec(basename(folder))?.[1]
  const name = digits === undefined ? `${basename(folder)}.dat` : `mprofile_${digits}.dat`
  const file = join(dirname(folder), name)
  const shown = relative(process.cwd(), file)
  if (existsSync(file) && !isForced)
    throw new UsageError(`${shown} is already there`, {
      fix: 'Name another folder with --out, or replace both with --force.',
    })
  return {
    write: () => {
      writeMprofFile(folder, file, { isForced: true })
      return shown
    },
  }
}
