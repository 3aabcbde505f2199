import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SHARED_FILE } from './recording-files.js'

export interface SharedReading {
  timeMs: number
  pid: number
  pssBytes: number
  ussBytes: number
}

/**
 * Reads what `--pss` recorded; yields nothing without it. Skips lines that are truncated or hold no
 * readings.
 */
export function* readPssLog(folder: string): Generator<SharedReading, undefined> {
  const file = join(folder, SHARED_FILE)
  if (!existsSync(file)) return
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const numbers = numbersIn(line)
    if (numbers === undefined || numbers.length % 3 !== 1) continue
    const [timeMs, ...rest] = numbers
    for (let at = 0; at < rest.length; at += 3)
      yield { timeMs: timeMs!, pid: rest[at]!, pssBytes: rest[at + 1]!, ussBytes: rest[at + 2]! }
  }
}

function numbersIn(line: string): number[] | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return Array.isArray(value) && value.every((one) => Number.isFinite(one)) ? value : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
