import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { isRecording } from '../recording/storage/read-recording.js'
import { lockRecording } from '../recording/storage/recorder-lock.js'
import { removeIfEmpty } from '../recording/storage/recording-files.js'
import { messageOf, systemErrorCode, UsageError } from '../shared/errors.js'

/**
 * Does work that records into the folder of a new recording. Where the work fails before anything
 * was recorded, the folder that was made for it is removed, and with `force` the recording that it
 * was to replace is back in its place.
 *
 * @throws UsageError when the path exists; with `force` a recording is replaced, and nothing else
 */
export async function inRecordingFolder(
  asked: string | undefined,
  force: boolean,
  work: (folder: string) => Promise<number>,
): Promise<number> {
  const folder = asked === undefined ? nextFreeName(new Date()) : resolve(asked)
  const replaced = asked === undefined ? undefined : makeWay(folder, asked, force)
  try {
    return await work(folder)
  } finally {
    if (!isRecording(folder) && (asked === undefined || replaced !== undefined)) removeIfEmpty(folder)
    if (replaced !== undefined)
      if (existsSync(folder)) rmSync(replaced, { recursive: true })
      else renameSync(replaced, folder)
  }
}

/**
 * Moves the recording away that a new one replaces.
 *
 * @param asked the folder as the user named it
 * @returns where it is now; undefined if nothing was there
 */
function makeWay(folder: string, asked: string, force: boolean): string | undefined {
  if (!existsSync(folder) || isEmpty(folder)) return undefined
  if (!isRecording(folder))
    throw new UsageError(`${asked} is there already, and is no recording`, { fix: 'Name another folder with --out.' })
  if (!force)
    throw new UsageError(`${asked} holds a recording already`, {
      fix: 'Name another folder with --out, or replace it with --force.',
    })
  lockRecording(folder).release() // refused while it is being made
  const replaced = `${folder}.replaced-${process.pid}`
  try {
    renameSync(folder, replaced)
  } catch (error) {
    throw new UsageError(`cannot replace the recording ${asked}: ${messageOf(error)}`, {
      fix: 'Name another folder with --out.',
      cause: error,
    })
  }
  return replaced
}

/**
 * Finds the next free name for a recording: `tidemark-` with the local time in 14 digits in the
 * current folder, as `mprof run` names its files. Recordings that begin within a second get the
 * names of consecutive seconds; the process that creates a folder owns it.
 */
function nextFreeName(now: Date): string {
  const folder = join(process.cwd(), `tidemark-${digitsOf(now)}`)
  try {
    mkdirSync(folder)
    return folder
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return nextFreeName(new Date(now.getTime() + 1000))
    throw new UsageError(`cannot record into ${folder}: ${messageOf(error)}`, {
      fix: 'Name a folder that can be written to with --out.',
      cause: error,
    })
  }
}

function isEmpty(path: string): boolean {
  try {
    return readdirSync(path).length === 0
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return false
    throw error
  }
}

/** Returns the local time as `20261123204823`. */
function digitsOf(date: Date): string {
  const parts = [date.getMonth() + 1, date.getDate(), date.getHours(), date.getMinutes(), date.getSeconds()]
  return [date.getFullYear(), ...parts.map((part) => String(part).padStart(2, '0'))].join('')
}
