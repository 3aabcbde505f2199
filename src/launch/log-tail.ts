import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { systemErrorCode } from '../shared/errors.js'

const TAIL_BYTES = 8192
const TAIL_LINES = 12

/** The last lines of a log, as they go under an error; empty when there is no log or nothing in it. */
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
    // The log decorates another error; that it cannot be read must not hide that one.
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
