import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { messageOf, systemErrorCode, TidemarkError, UsageError } from '../../errors.js'
import { Refusal } from './refusal.js'
import { isAuthorized } from './token.js'

/** Answers one request. What it returns is sent as JSON; undefined when it has answered by itself. Throws a {@link Refusal}. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<object | undefined>

export interface ServerOptions {
  host: string
  port: number
  token: string
  /** Connections at the same time; more are closed at once. */
  maxConnections: number
  /** By method and path, for example `GET /v1/task`. */
  routes: Record<string, Handler>
  log: (line: string) => void
}

export interface ListeningServer {
  url: string
  /** Stops listening and closes every connection. */
  close(): Promise<void>
}

/**
 * An HTTP/1.1 server that lets nobody in without the token. Bodies are left to the routes: a request that asks
 * "Expect: 100-continue" is told to go on by the route that wants its body, so a refusal costs no upload.
 */
export async function listen(options: ServerOptions): Promise<ListeningServer> {
  const server = createServer({ keepAlive: true, noDelay: true })
  const answer = (request: IncomingMessage, response: ServerResponse) => void handle(options, request, response)
  server.on('request', answer)
  server.on('checkContinue', answer)
  server.maxConnections = options.maxConnections
  // Training takes as long as it takes, and an upload as long as bytes come: routes limit silence, not the whole.
  server.requestTimeout = 0
  // A client's open connection is how the server knows that it is still there.
  server.keepAliveTimeout = 0
  await startListening(server, options)
  const { address, port, family } = server.address() as AddressInfo
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Limits the silence on a connection while `transfer` runs; then the connection is destroyed, and the transfer rejects. */
export async function withIdleDeadline<T>(socket: Socket, idleMs: number, transfer: () => Promise<T>): Promise<T> {
  socket.setTimeout(idleMs)
  try {
    return await transfer()
  } finally {
    socket.setTimeout(0)
  }
}

function startListening(server: Server, { host, port }: ServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, host, port)))
    server.listen(port, host, () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
}

function listenError(error: Error, host: string, port: number): TidemarkError {
  const where = `${host}:${port}`
  const fixes: Record<string, string> = {
    EADDRINUSE: 'Choose another --port, or 0 for a free one.',
    EACCES: 'Choose a --port above 1023.',
    EADDRNOTAVAIL: 'Choose a --host that this machine has, 127.0.0.1 for this machine alone.',
    ENOTFOUND: 'Choose a --host that this machine has, 127.0.0.1 for this machine alone.',
  }
  const fix = fixes[systemErrorCode(error) ?? '']
  const message = `the server cannot listen on ${where}: ${messageOf(error)}`
  return fix === undefined
    ? new TidemarkError(message, { cause: error })
    : new UsageError(message, { fix, cause: error })
}

async function handle(options: ServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const route = findRoute(options, request)
    const body = await route(request, response)
    if (body !== undefined) sendJson(request, response, { status: 200, body })
  } catch (error) {
    if (response.destroyed || response.headersSent) {
      response.destroy()
      options.log(`${request.method} ${request.url} of ${request.socket.remoteAddress} broke off: ${messageOf(error)}`)
      return
    }
    const refusal = error instanceof Refusal ? error : failureOf(error)
    options.log(`refused ${request.method} ${request.url} of ${describeSender(request)}: ${refusal.message}`)
    const body = { error: refusal.code, message: refusal.message, ...refusal.facts }
    sendJson(request, response, { status: refusal.status, body })
  }
}

function findRoute({ token, routes }: ServerOptions, request: IncomingMessage): Handler {
  if (!isAuthorized(request.headers.authorization, token))
    throw new Refusal(401, 'unauthorized', {
      message: 'the join token is missing or wrong; send it as "Authorization: Bearer TOKEN"',
    })
  const path = (request.url ?? '').split('?')[0]
  const route = routes[`${request.method} ${path}`]
  if (route === undefined)
    throw new Refusal(404, 'not-found', {
      message: `there is no such route; these are: ${Object.keys(routes).join(', ')}`,
    })
  return route
}

function failureOf(error: unknown): Refusal {
  return new Refusal(500, 'failed', { message: `the server failed at this request: ${messageOf(error)}` })
}

function sendJson(
  request: IncomingMessage,
  response: ServerResponse,
  { status, body }: { status: number; body: object },
): void {
  const text = `${JSON.stringify(body)}\n`
  // A body that was announced and not wanted may never come; what comes after it would be taken for it.
  if (!request.complete) response.setHeader('connection', 'close')
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  response.end(text)
}

/** Names are told only where they are plain, so that nobody writes into the log. */
function describeSender(request: IncomingMessage): string {
  const name = request.headers['tidemark-client']
  return typeof name === 'string' && /^[\w.-]{1,64}$/.test(name) ? name : String(request.socket.remoteAddress)
}
