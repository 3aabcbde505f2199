import { Agent, type ClientRequest, type IncomingHttpHeaders, request as startRequest } from 'node:http'
import { request as startTlsRequest, Agent as TlsAgent } from 'node:https'
import type { Readable } from 'node:stream'
import { TidemarkError, UsageError } from '../../shared/errors.js'
import { formatDuration } from '../../shared/units.js'
import { readJson } from './json-body.js'
import { type Chunks, sendChunks } from './send.js'
import type { TlsMaterial } from './tls.js'

export interface ConnectionOptions {
  /** Where the server listens, for example `http://127.0.0.1:8080`. */
  url: string
  token: string
  /** Certificates for an https address. */
  tls?: TlsMaterial | undefined
  /** Silence within an exchange after which the connection is given up. */
  idleMs: number
  signal: AbortSignal
}

export interface RequestOptions {
  method: 'GET' | 'POST'
  path: string
  headers: Record<string, string>
  body?: { byteLength: number; chunks(): Chunks }
  /** Sends the body only once the server asks for it, so a refusal arrives before a long upload. */
  askFirst?: boolean
  /** How long the server may think before it answers, in addition to the permitted silence. */
  patienceMs?: number
}

export interface Answer {
  headers: IncomingHttpHeaders
  /** The caller reads it. */
  body: Readable
}

/** The server refused a request. `reason` is its word for why, for example `busy` or `late`. */
export class HttpResponseError extends TidemarkError {
  override readonly code: string = 'TIDEMARK_E_REFUSED'
  readonly status: number
  readonly reason: string
  readonly facts: Record<string, unknown>

  constructor(status: number, answer: Record<string, unknown>) {
    super(typeof answer.message === 'string' ? answer.message : `the server answered with HTTP status ${status}`)
    this.status = status
    this.reason = typeof answer.error === 'string' ? answer.error : 'unknown'
    this.facts = answer
  }
}

const ONE_CONNECTION = { keepAlive: true, maxSockets: 1, maxFreeSockets: 1 }

/**
 * A client's way to its server: one request at a time over one TCP connection, which stays open in
 * between. The open connection also tells the server that the client is there.
 */
export class Connection {
  readonly #options: ConnectionOptions
  readonly #url: URL
  readonly #agent: Agent
  readonly #start: typeof startRequest

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#url = parseUrl(options.url)
    const isTls = this.#url.protocol === 'https:'
    if (options.tls !== undefined && !isTls)
      throw new UsageError(`"${options.url}" is an address without TLS, and certificates were given`, {
        fix: 'Give --server as the server prints it, with https.',
      })
    this.#agent = isTls ? new TlsAgent({ ...ONE_CONNECTION, ...options.tls }) : new Agent(ONE_CONNECTION)
    this.#start = isTls ? startTlsRequest : startRequest
  }

  /** Throws {@link HttpResponseError}, or the system's error when the connection breaks. */
  async request(options: RequestOptions): Promise<Answer> {
    const { status, ...answer } = await this.#exchange(options)
    if (status < 400) return answer
    throw new HttpResponseError(status, await readText(answer.body))
  }

  async requestJson(options: RequestOptions): Promise<Record<string, unknown>> {
    return readText((await this.request(options)).body)
  }

  close(): void {
    this.#agent.destroy()
  }

  #exchange({
    method,
    path,
    headers,
    body,
    askFirst = false,
    patienceMs = 0,
  }: RequestOptions): Promise<Answer & { status: number }> {
    const { token, idleMs, signal } = this.#options
    return new Promise((resolve, reject) => {
      const request = this.#start(new URL(path, this.#url), {
        method,
        agent: this.#agent,
        signal,
        timeout: patienceMs + idleMs,
        headers: {
          ...headers,
          authorization: `Bearer ${token}`,
          'content-length': String(body?.byteLength ?? 0),
          ...(askFirst ? { expect: '100-continue' } : {}),
        },
      })
      request.on('error', reject)
      request.on('response', (message) => {
        limitRest(request, idleMs)
        resolve({ status: message.statusCode ?? 0, headers: message.headers, body: message })
      })
      request.on('timeout', () => request.destroy(silence(patienceMs + idleMs)))
      const send = () => {
        sendChunks(request, body?.chunks() ?? []).then(
          () => request.end(),
          (error: Error) => request.destroy(error),
        )
      }
      if (askFirst) {
        request.on('continue', send)
        request.flushHeaders()
      } else send()
    })
  }
}

/** Destroys the connection when its answer does not end. */
async function readText(body: Readable): Promise<Record<string, unknown>> {
  try {
    return await readJson(body)
  } catch (error) {
    body.destroy()
    throw error
  }
}

/**
 * Limits the silence while the rest of a request is sent whose answer has begun. Node stops
 * watching it at the end of the answer, and the next request waits for its connection. A server may
 * also answer without asking for the body.
 */
function limitRest(request: ClientRequest, idleMs: number): void {
  const { socket } = request
  if (request.writableEnded || socket === null) return
  const onTimeout = () => request.destroy(silence(idleMs))
  socket.setTimeout(idleMs)
  socket.on('timeout', onTimeout)
  for (const event of ['finish', 'close']) request.once(event, () => socket.off('timeout', onTimeout))
}

function silence(idleMs: number): Error {
  return Object.assign(new Error(`the server was silent for ${formatDuration(idleMs)}`), { code: 'ETIMEDOUT' })
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url
  throw new UsageError(`"${text}" is not the address of a server`, {
    fix: 'Give --server as the server prints it, for example http://127.0.0.1:8080.',
  })
}
