import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { systemErrorCode } from '../../shared/errors.js'

/**
 * Makes a folder and its missing parents. It avoids `mkdirSync(..., { recursive: true })`: where a
 * file system answers ENOENT to mkdir in a folder that exists, as /proc does, Node 20 retries for
 * ever.
 *
 * @throws the system's error when the folder cannot be made
 */
export function makeFolder(folder: string, mode?: number): void {
  if (existsSync(folder)) return
  makeFolder(dirname(folder), mode)
  try {
    mkdirSync(folder, mode)
  } catch (error) {
    // Another process may have made the folder meanwhile.
    if (systemErrorCode(error) !== 'EEXIST') throw error
  }
}
