import { holderOf, lockFolder } from '../../linux/files/folder-lock.js'
import { messageOf, systemErrorCode, UsageError } from '../../shared/errors.js'

/** Lock file in a comparison's folder while its trials run. */
export const WRITER_LOCK = 'writer.lock'

/**
 * Does work as the only writer of a comparison's folder: two processes that run its trials would
 * remove each other's.
 *
 * @throws UsageError while another process writes into it, or when it cannot be written
 */
export async function asOnlyWriter<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const attempt = attempted(folder)
  if (attempt.kind === 'held')
    throw new UsageError(`${folder} is being written by ${attempt.by}, and has one writer at a time`, {
      fix: 'Wait until that has ended, or end it; then continue with --resume.',
    })
  try {
    return await work()
  } finally {
    attempt.lock.release()
  }
}

/**
 * Returns the process that writes into a comparison's folder, for messages; undefined if there is
 * none.
 */
export function writerOf(folder: string): string | undefined {
  const holder = holderOf(folder, WRITER_LOCK)
  return holder.kind === 'none' ? undefined : holder.by
}

function attempted(folder: string) {
  try {
    return lockFolder(folder, WRITER_LOCK)
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    throw new UsageError(`cannot write into ${folder}: ${messageOf(error)}`, { cause: error })
  }
}
