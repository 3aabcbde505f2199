import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { DirectBody } from './direct-body.js'
import { BUFFER_BYTES } from './direct-socket.js'
import { Line } from './split-connection.js'
import { LineView } from './virtual-socket.js'

const taken = new WeakMap<IncomingMessage, DirectBody>()

/** The body of a request, whose sender is told to go on where it has asked whether to. A long one comes past Node's HTTP. */
export async function takeBody(request: IncomingMessage, response: ServerResponse): Promise<Readable> {
  if (!asksToGoOn(request)) return request
  // Until then Node's HTTP has dealt with all that came with the head.
  await undefined
  const body = takeDirectly(request, response)
  response.writeContinue()
  return body ?? request
}

/** A sender in HTTP/1.0 knows no `100 Continue`, and would take it for the answer (RFC 9110, section 10.1.1). */
function asksToGoOn({ headers, httpVersion }: IncomingMessage): boolean {
  return headers.expect !== undefined && httpVersion !== '1.0'
}

/** What a request came by, and others of the same sender may come by. */
export function connectionOf(request: IncomingMessage): Socket {
  return lineOf(request.socket)?.socket ?? request.socket
}

/** Whether nothing of the request's body is still to come. */
export function isWhole(request: IncomingMessage): boolean {
  return taken.get(request)?.isComplete ?? request.complete
}

/** Reads what is left of a body that was not wanted to its end; its length is known to be bounded. Rejects where it breaks off. */
export async function drain(body: Readable): Promise<void> {
  if (body.readableEnded) return
  body.resume()
  // Unlike a wait for `end`, this is over too where the body was destroyed without an error.
  await finished(body, { writable: false })
}

/** Tells of the answer to a request, and of its body, of which nothing was read. A long one comes past Node's HTTP. */
export function takeAnswer(request: ClientRequest, onAnswer: (message: IncomingMessage, body: Readable) => void): void {
  const hold = () => lineOf(request.socket)?.holdAfterHead()
  request.on('socket', hold)
  request.on('information', hold)
  request.on('response', (message) => {
    const line = lineOf(message.socket)
    const length = Number(message.headers['content-length'])
    if (line !== undefined && length > BUFFER_BYTES) {
      const body = line.takeBody(length)
      body.once('close', () => line.leaveView(body))
      onAnswer(message, body)
    } else {
      line?.passOn()
      onAnswer(message, message)
    }
  })
}

function lineOf(connection: unknown): Line | undefined {
  return connection instanceof LineView && connection.line instanceof Line ? connection.line : undefined
}

function takeDirectly(request: IncomingMessage, response: ServerResponse): DirectBody | undefined {
  const line = lineOf(request.socket)
  const length = Number(request.headers['content-length'])
  if (line === undefined || !(length > BUFFER_BYTES)) return undefined
  // Who did not wait for the answer may have sent some of it already.
  if (request.readableLength > 0 || request.socket.readableLength > 0) return undefined
  const body = line.takeBody(length)
  taken.set(request, body)
  response.once('finish', () => {
    if (body.isComplete) line.leaveView(body)
  })
  return body
}
