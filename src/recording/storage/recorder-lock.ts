import { type FolderLock, holderOf, lockFolder } from '../../linux/files/folder-lock.js'
import { messageOf, systemErrorCode, UsageError } from '../../shared/errors.js'

/**
 * File in a recording's folder while it is being made; the kernel holds the lock on it for the
 * recorder.
 */
export const RECORDER_LOCK = 'recorder.lock'

/**
 * Locks a recording's folder for this recorder.
 *
 * @throws UsageError while another recorder writes into the folder, or when it cannot be written
 */
export function lockRecording(folder: string): FolderLock {
  const attempt = attempted(folder)
  if (attempt.kind === 'taken') return attempt.lock
  throw new UsageError(`${folder} is being recorded by ${attempt.by}`, { fix: 'Name another folder with --out.' })
}

function attempted(folder: string) {
  try {
    return lockFolder(folder, RECORDER_LOCK)
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    throw new UsageError(`cannot record into ${folder}: ${messageOf(error)}`, { cause: error })
  }
}

/**
 * Returns what became of the recorder of a recording that has no end yet. `unknown`: it cannot be
 * seen from here.
 */
export function recorderState(folder: string): 'runs' | 'was killed' | 'unknown' {
  try {
    const holder = holderOf(folder, RECORDER_LOCK)
    if (holder.kind === 'running') return 'runs'
    return holder.kind === 'none' && holder.left !== undefined ? 'was killed' : 'unknown'
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return 'unknown'
  }
}
