import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { Connections } from './connections.js'
import type { ServerOptions } from './server-options.js'

type LimitOptions = Pick<ServerOptions, 'maxConnections' | 'isNeeded' | 'onRefused' | 'tls'>

/** Connections beyond the limit that still receive a 503 before they are closed. */
const REFUSED_WITH_ANSWER = 100

/** How long a refused connection may take to read its 503. */
const REFUSAL_MS = 1000

/** Limits how many connections a server has open; a connection beyond the limit gets 503. */
export function limitConnections(server: Server, options: LimitOptions): Connections {
  const { maxConnections, isNeeded = () => false } = options
  const connections = new Connections(isNeeded)
  server.maxConnections = maxConnections + REFUSED_WITH_ANSWER
  // Before Node's own listener, so that a refused connection is never read.
  server.prependListener('connection', (socket: Socket) => {
    // Make room before the new connection counts: it would be the last to give way.
    if (connections.count < maxConnections || connections.giveWay()) connections.add(socket)
    else refuse(socket, options)
  })
  server.on('secureConnection', (secured: Socket) => connections.secure(secured))
  return connections
}

/** Answers 503 without TLS; with TLS there is no session to answer in yet. */
function refuse(socket: Socket, { maxConnections, onRefused, tls }: LimitOptions): void {
  onRefused?.('busy')
  socket.once('error', () => {})
  if (tls !== undefined) {
    socket.destroy()
    return
  }
  const body = `{"error":"busy","message":"the server has its ${maxConnections} connections; see --max-connections"}\n`
  const head = `HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`
  socket.setTimeout(REFUSAL_MS, () => socket.destroy())
  socket.end(`${head}\r\nconnection: close\r\n\r\n${body}`, () => socket.destroy())
}
