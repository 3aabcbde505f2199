import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'

/** Returns the body of a request, after `100 Continue` where its sender waits for that. */
export function takeBody(request: IncomingMessage, response: ServerResponse): Readable {
  if (asksToContinue(request)) response.writeContinue()
  return request
}

/**
 * An HTTP/1.0 sender does not know `100 Continue` and would take it for the answer (RFC 9110,
 * section 10.1.1).
 */
function asksToContinue({ headers, httpVersion }: IncomingMessage): boolean {
  return headers.expect !== undefined && httpVersion !== '1.0'
}

/**
 * Reads the rest of a body that was not wanted to its end; its length is bounded. Rejects where it
 * breaks off.
 */
export async function drain(body: Readable): Promise<void> {
  if (body.readableEnded) return
  body.resume()
  // Unlike waiting for `end`, this also settles where the body was destroyed without an error.
  await finished(body, { writable: false })
}
