import { closeSync, openSync, readdirSync, readSync, renameSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf, systemErrorCode } from '../../shared/errors.js'
import { formatBytes, MIB } from '../../shared/units.js'

/** Largest log that is kept whole; a comparison keeps one for each process of each trial. */
const LARGEST_BYTES = 64 * MIB
/** Size of the beginning and of the end that is kept of a larger log. */
const KEPT_BYTES = MIB

/**
 * Cuts the middle out of logs that would fill the disk.
 *
 * @returns warnings for the trial about what was cut
 */
export function truncateLogs(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.log'))
    .flatMap((name) => {
      const file = join(folder, name)
      const { size } = statSync(file)
      if (size <= LARGEST_BYTES) return []
      const problem = cutMiddle(file, size)
      const wrote = `${name} had grown to ${formatBytes(size)}`
      if (problem !== undefined) return [`${wrote}, and could not be shortened: ${problem}.`]
      return [`${wrote}; its first and last ${formatBytes(KEPT_BYTES)} were kept.`]
    })
}

/**
 * Cuts the middle out of one log.
 *
 * @returns the system's error message if the disk has no room even for the short log
 */
function cutMiddle(file: string, size: number): string | undefined {
  const shorter = `${file}.short`
  try {
    const from = openSync(file, 'r')
    const to = openSync(shorter, 'w')
    try {
      const part = Buffer.alloc(KEPT_BYTES)
      writeSync(to, part, 0, readSync(from, part, 0, KEPT_BYTES, 0))
      writeSync(to, `\n[${formatBytes(size - 2 * KEPT_BYTES)} left out]\n`)
      writeSync(to, part, 0, readSync(from, part, 0, KEPT_BYTES, size - KEPT_BYTES))
    } finally {
      closeSync(from)
      closeSync(to)
    }
    renameSync(shorter, file)
    return undefined
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return messageOf(error)
  }
}
