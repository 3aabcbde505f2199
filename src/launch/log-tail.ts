import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { systemErrorCode } from '../shared/errors.js'

const TAIL_BYTES = 8192
const TAIL_LINES = 12

/**
 * Returns the last lines of a log, in the form that goes under an error. Empty when there is no log
 * or the log is empty.
 */
export function logTail(file: string | null): string {
  if (file === null) return ''
  const lines = readTail(file).trimEnd().split('\n').slice(-TAIL_LINES)
  if (lines.join('') === '') return ''
  return [`Last lines of ${file}:`, ...lines.map((line) => `  ${line}`)].join('\n')
}

function readTail(file: string): string {
  let descriptor: number
  try {
    descriptor = openSync(file, 'r')
  } catch (error) {
    // The log only decorates another error. A failure to read it must not hide that error.
    if (systemErrorCode(error) === undefined) throw error
    return ''
  }
  try {
    const { size } = fstatSync(descriptor)
    const tail = Buffer.alloc(Math.min(size, TAIL_BYTES))
    readSync(descriptor, tail, 0, tail.length, size - tail.length)
    return tail.toString('utf8')
  } finally {
    closeSync(descriptor)
  }
}
