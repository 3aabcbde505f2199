import type { Readable } from 'node:stream'
import { MAX_JSON_BYTES } from './protocol.js'
import { Refusal } from './refusal.js'

/** The JSON object of a request or an answer. Throws a {@link Refusal} where it is something else, or too long. */
export async function readJson(message: Readable): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of message as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_JSON_BYTES)
      throw new Refusal(413, 'too-large', { message: `a JSON text of at most ${MAX_JSON_BYTES} bytes was expected` })
    chunks.push(chunk)
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString())
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new Refusal(400, 'bad-request', { message: 'a JSON object was expected' })
}
