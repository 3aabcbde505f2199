import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

import type { TlsMaterial } from './tls.js'
export interface ServerOptions {
  host: string
  port: number
  token: string
  /** Certificate and key; with a `ca`, clients need a certificate signed by it. Absent: no TLS. */
  tls?: TlsMaterial | undefined
  /**
   * Maximum open connections. A further one closes an idle one; if none is idle, it gets 503.
   */
  maxConnections: number
  /** Returns whether an idle connection must stay open because a client is known by it. */
  isNeeded?: (socket: Socket) => boolean
  /** How long a connection may take to send the head of a request; 10 s where it is left out. */
  headersMs?: number
  /** By method and path, for example `GET /v1/task`. */
  routes: Record<string, Handler>
  /** Called with the code of every refusal. */
  onRefused?: (code: string) => void
  log: (line: string, facts?: Readonly<Record<string, string | number>>) => void
}

/**
 * Answers one request. A returned object is sent as JSON; undefined means that it has answered.
 * Throws a {@link HttpError}.
 */
export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<object | undefined>
