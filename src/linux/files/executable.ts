import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { systemErrorCode } from '../../shared/errors.js'

/**
 * Returns the file that a shell would run by this name: a name with a slash is a path, any other is
 * looked up in PATH.
 */
export function findExecutable(name: string, { PATH = '' }: NodeJS.ProcessEnv): string | undefined {
  const folders = PATH.split(delimiter).filter(Boolean)
  const paths = name.includes('/') ? [name] : folders.map((folder) => join(folder, name))
  return paths.find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return false
  }
}
