import type { Readable } from 'node:stream'
import { formatDuration } from '../../shared/units.js'
import { HttpError } from './http-error.js'
import { MAX_JSON_BYTES } from './protocol.js'

/** Time limit for a JSON text, which fits into a few packets. */
const DEADLINE_MS = 20_000

/**
 * Reads the JSON object of a request or an answer. Throws a {@link HttpError} where it is invalid,
 * too long or too slow.
 */
export async function readJson(message: Readable, deadlineMs = DEADLINE_MS): Promise<Record<string, unknown>> {
  let timer: NodeJS.Timeout | undefined
  const tooSlow = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const text = `a JSON text that was announced did not come within ${formatDuration(deadlineMs)}`
      reject(new HttpError(408, 'too-slow', { message: text }))
    }, deadlineMs)
  })
  try {
    return parseObject(await Promise.race([readAll(message), tooSlow]))
  } finally {
    clearTimeout(timer)
  }
}

async function readAll(message: Readable): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of message as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_JSON_BYTES)
      throw new HttpError(413, 'too-large', { message: `a JSON text of at most ${MAX_JSON_BYTES} bytes was expected` })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new HttpError(400, 'bad-request', { message: 'a JSON object was expected' })
}
