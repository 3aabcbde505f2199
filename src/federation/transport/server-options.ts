import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

import type { TlsMaterial } from './tls.js'
export interface ServerOptions {
  host: string
  port: number
  token: string
  /** Certificate and key; with a `ca`, clients need a certificate of its. Absent: no TLS. */
  tls?: TlsMaterial | undefined
  /**
   * Connections at the same time. For one more an idle one is closed; where none is idle, it is
   * told so and closed itself.
   */
  maxConnections: number
  /** Whether somebody is known by this connection, so that it stays open though it is idle. */
  isNeeded?: (socket: Socket) => boolean
  /** How long a connection may take to send the head of a request; 10 s where it is left out. */
  headersMs?: number
  /** By method and path, for example `GET /v1/task`. */
  routes: Record<string, Handler>
  /** Told of every refusal by its code. */
  onRefused?: (code: string) => void
  log: (line: string, facts?: Readonly<Record<string, string | number>>) => void
}

/**
 * Answers one request. A returned object is sent as JSON; undefined means that it has answered.
 * Throws a {@link HttpError}.
 */
export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<object | undefined>
