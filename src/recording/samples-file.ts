import { closeSync, openSync, readSync } from 'node:fs'
import type { Sample } from './recording.js'

const CHUNK_BYTES = 2 ** 20

/**
 * The samples of a `samples.ndjson` one by one, in the order of time, without holding the file in memory. A last line
 * without its newline, as a killed recorder leaves it, is passed over.
 *
 * @param onBroken called with the number of each line that is no sample
 */
export function* samplesOf(file: string, onBroken: (line: number) => void): Generator<Sample, undefined> {
  const descriptor = openSync(file, 'r')
  const chunk = Buffer.alloc(CHUNK_BYTES)
  let partial = ''
  let number = 0
  try {
    for (let length = readSync(descriptor, chunk); length > 0; length = readSync(descriptor, chunk)) {
      const lines = (partial + chunk.toString('latin1', 0, length)).split('\n')
      partial = lines.pop()!
      for (const line of lines) {
        number++
        const sample = parseSample(line)
        if (sample === undefined) onBroken(number)
        else yield sample
      }
    }
  } finally {
    closeSync(descriptor)
  }
}

/** `[timeMs, pid, rssBytes, pid, rssBytes, ...]`: only numbers, so that splitting is enough and several times faster. */
function parseSample(line: string): Sample | undefined {
  if (!line.startsWith('[') || !line.endsWith(']')) return undefined
  const numbers = line.slice(1, -1).split(',').map(Number)
  if (numbers.length % 2 === 0 || numbers.some((value) => !Number.isFinite(value))) return undefined
  const rss: Sample['rss'] = []
  for (let i = 1; i < numbers.length; i += 2) rss.push([numbers[i]!, numbers[i + 1]!])
  return { timeMs: numbers[0]!, rss }
}
