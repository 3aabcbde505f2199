import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { messageOf, systemErrorCode, TidemarkError, UsageError } from '../../shared/errors.js'
import { formatBytes, formatDuration } from '../../shared/units.js'
import { AuthThrottle } from './auth-throttle.js'
import { limitConnections } from './connection-limit.js'
import type { Connections } from './connections.js'
import { HttpError } from './http-error.js'
import type { Handler, ServerOptions } from './server-options.js'
import { serverTls } from './tls.js'
import { isAuthorized } from './token.js'

export interface ListeningServer {
  url: string
  /** Stops listening and closes every connection. */
  close(): Promise<void>
}

/** Total size of a request's headers. Tidemark's own are below one KiB. */
const MAX_HEAD_BYTES = 16 * 2 ** 10

const RATE_WINDOW_MS = 5000

/** Without a token, a request learns only that the server is alive. */
const OPEN_ROUTES: Record<string, Handler> = { 'GET /healthz': async () => ({ status: 'ok' }) }

/**
 * Starts an HTTP/1.1 server that answers only requests with the token. Bodies are left to the
 * routes: the route that wants a body sends "100 Continue", so a refusal costs no upload.
 */
export async function listen(options: ServerOptions): Promise<ListeningServer> {
  const { tls, headersMs = 10_000 } = options
  const limits = {
    keepAlive: true,
    noDelay: true,
    maxHeaderSize: MAX_HEAD_BYTES,
    headersTimeout: headersMs,
    connectionsCheckingInterval: Math.min(headersMs, 1000),
    // Training and uploads may take any time, so routes limit silence instead.
    requestTimeout: 0,
  }
  const server =
    tls === undefined
      ? createServer(limits)
      : createTlsServer({
          ...limits,
          ...serverTls(tls),
          handshakeTimeout: headersMs,
        })
  const guesses = new AuthThrottle()
  const connections = limitConnections(server, options)
  const context = { ...options, guesses, connections }
  const answer = (request: IncomingMessage, response: ServerResponse) => void handle(context, request, response)
  server.on('request', answer)
  server.on('checkContinue', answer)
  server.on('tlsClientError', (error, socket) => {
    options.log(`refused a TLS connection of ${socket.remoteAddress}: ${messageOf(error)}`)
    options.onRefused?.('tls')
  })
  // A client's open connection shows the server that it is there.
  server.keepAliveTimeout = 0
  await startListening(server, options)
  const { address, port, family } = server.address() as AddressInfo
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
        connections.closeAll()
      }),
  }
}

export interface TransferLimits {
  /** Silence after which a connection is destroyed. */
  idleMs: number
  /**
   * Bytes a second required in each {@link RATE_WINDOW_MS}, so that a byte now and then does not
   * count.
   */
  minRate: number
}

/**
 * Limits how slow a connection may be while `transfer` runs. Too slow a one is destroyed and the
 * transfer rejects.
 */
export async function withTransferLimits<T>(
  socket: Socket,
  { idleMs, minRate }: TransferLimits,
  transfer: () => Promise<T>,
): Promise<T> {
  socket.setTimeout(idleMs)
  let watch: NodeJS.Timeout | undefined
  const tooSlow = new Promise<never>((_, reject) => {
    let before = socket.bytesRead + socket.bytesWritten
    watch = setInterval(() => {
      const moved = socket.bytesRead + socket.bytesWritten - before
      before += moved
      if (moved < (minRate * RATE_WINDOW_MS) / 1000)
        reject(
          new HttpError(408, 'too-slow', {
            message: `${formatBytes(moved)} were transferred in ${formatDuration(RATE_WINDOW_MS)}, and at least ${formatBytes(minRate)} a second are asked for`,
          }),
        )
    }, RATE_WINDOW_MS)
  })
  try {
    return await Promise.race([transfer(), tooSlow])
  } finally {
    clearInterval(watch)
    socket.setTimeout(0)
  }
}

/** Limits the silence on a connection while `transfer` runs, but not its rate. */
export function withIdleDeadline<T>(socket: Socket, idleMs: number, transfer: () => Promise<T>): Promise<T> {
  return withTransferLimits(socket, { idleMs, minRate: 0 }, transfer)
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

interface ServerContext extends ServerOptions {
  guesses: AuthThrottle
  connections: Connections
}

async function handle(options: ServerContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const route = findRoute(options, request, response)
    const body = await route(request, response)
    if (body !== undefined) sendJson(request, response, { status: 200, body })
  } catch (error) {
    if (response.destroyed || response.headersSent) {
      response.destroy()
      options.log(`${request.method} ${request.url} of ${request.socket.remoteAddress} broke off: ${messageOf(error)}`)
      return
    }
    const refusal = error instanceof HttpError ? error : failureOf(error)
    options.onRefused?.(refusal.code)
    const sender = describeSender(request)
    options.log(`refused ${request.method} ${request.url} of ${sender}: ${refusal.message}`, {
      refused: refusal.code,
      status: refusal.status,
      sender,
    })
    const body = { error: refusal.code, message: refusal.message, ...refusal.facts }
    sendJson(request, response, { status: refusal.status, body })
  }
}

function findRoute(
  { token, routes, guesses, connections }: ServerContext,
  request: IncomingMessage,
  response: ServerResponse,
): Handler {
  const path = (request.url ?? '').split('?')[0]
  const open = OPEN_ROUTES[`${request.method} ${path}`]
  if (open !== undefined) return open
  const address = String(request.socket.remoteAddress)
  const pauseMs = guesses.pauseOf(address)
  if (pauseMs > 0)
    throw new HttpError(429, 'slow-down', {
      message: `too many wrong tokens came from ${address}; it is not listened to for ${formatDuration(pauseMs)}`,
    })
  if (!isAuthorized(request.headers.authorization, token)) {
    guesses.note(address)
    throw new HttpError(401, 'unauthorized', {
      message: 'the join token is missing or wrong; send it as "Authorization: Bearer TOKEN"',
    })
  }
  connections.note(request.socket, response)
  const route = routes[`${request.method} ${path}`]
  if (route === undefined)
    throw new HttpError(404, 'not-found', {
      message: `there is no such route; these are: ${Object.keys(routes).join(', ')}`,
    })
  return route
}

/** Write errors that may be transient. */
const UNWRITABLE: ReadonlySet<string> = new Set(['EROFS', 'EBUSY', 'EIO'])

function failureOf(error: unknown): HttpError {
  const code = systemErrorCode(error) ?? ''
  if (UNWRITABLE.has(code))
    return new HttpError(503, 'busy', {
      message: `the disk of the server cannot be written (${code}); the same request may do later`,
    })
  if (['ENOSPC', 'EDQUOT'].includes(code))
    return new HttpError(507, 'no-space', { message: 'the disk of the server is full; the same request may do later' })
  return new HttpError(500, 'failed', { message: `the server failed at this request: ${messageOf(error)}` })
}

function sendJson(
  request: IncomingMessage,
  response: ServerResponse,
  { status, body }: { status: number; body: object },
): void {
  const text = `${JSON.stringify(body)}\n`
  // An announced body may never come, and later bytes would be taken for it.
  if (!request.complete) response.setHeader('connection', 'close')
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  response.end(text)
}

/** Plain names only, so that a sender cannot write into the log. */
function describeSender(request: IncomingMessage): string {
  const name = request.headers['tidemark-client']
  return typeof name === 'string' && /^[\w.-]{1,64}$/.test(name) ? name : String(request.socket.remoteAddress)
}
