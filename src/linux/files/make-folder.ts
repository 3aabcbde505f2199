import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { systemErrorCode } from '../../shared/errors.js'

/**
 * Makes a folder and those above it that are missing. Not by `mkdirSync(..., { recursive: true })`: where a file system
 * answers ENOENT to mkdir in a folder that exists, as /proc does, Node 20 tries again for ever.
 *
 * @throws the system's error when it cannot be made
 */
export function makeFolder(folder: string, mode?: number): void {
  if (existsSync(folder)) return
  makeFolder(dirname(folder), mode)
  try {
    mkdirSync(folder, mode)
  } catch (error) {
    // Another process may have made it meanwhile.
    if (systemErrorCode(error) !== 'EEXIST') throw error
  }
}
