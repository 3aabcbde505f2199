import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs'

/**
 * Appends a line in one write, because programs append to the same file. A pipe in its place must
 * not block the open until it has a reader.
 *
 * @throws the system's error when the file cannot be written; ENXIO when it is no regular file
 */
export function appendLine(file: string, line: string): void {
  const descriptor = openSync(
    file,
    constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK,
    0o666,
  )
  try {
    if (!fstatSync(descriptor).isFile()) throw Object.assign(new Error('it is no file any more'), { code: 'ENXIO' })
    writeSync(descriptor, `${line}\n`)
  } finally {
    closeSync(descriptor)
  }
}
