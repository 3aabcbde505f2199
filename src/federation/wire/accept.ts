import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { acceptDirectly, canAcceptDirectly } from './direct-socket.js'
import type { ServerOptions } from './http-server.js'
import { Line } from './line.js'

type AcceptOptions = Pick<ServerOptions, 'maxConnections' | 'onRefused' | 'tls'>

/** Connections beyond the limit that are still told why they are closed. */
const TOLD_CONNECTIONS = 100

/**
 * Limits how many there are, and has the others speak HTTP. Returns those whose long bodies may be read past Node's HTTP: without TLS, all.
 */
export function acceptConnections(server: Server, options: AcceptOptions): ReadonlySet<Line> {
  const { maxConnections, tls } = options
  const lines = new Set<Line>()
  const asHttp = tls === undefined ? takeOver(server) : () => {}
  server.maxConnections = maxConnections + TOLD_CONNECTIONS
  let open = 0
  server.on('connection', (accepted: Socket) => {
    open++
    accepted.once('close', () => open--)
    if (open > maxConnections) turnAway(accepted, options)
    else if (tls === undefined) openLine(accepted, { lines, asHttp })
  })
  return lines
}

/** Node's HTTP is from here on only told of the connections that the returned function is given. */
function takeOver(server: Server): (connection: Duplex) => void {
  const listeners = server.listeners('connection')
  server.removeAllListeners('connection')
  return (connection) => {
    for (const listener of listeners) listener.call(server, connection)
  }
}

function openLine(
  accepted: Socket,
  { lines, asHttp }: { lines: Set<Line>; asHttp: (connection: Duplex) => void },
): void {
  const openView = (line: Line) => asHttp(line.openView())
  if (!canAcceptDirectly(accepted)) {
    asHttp(accepted)
    return
  }
  const line = new Line((reader) => acceptDirectly(accepted, reader), openView)
  lines.add(line)
  line.socket.once('close', () => lines.delete(line))
  // At once, and not at its first byte: who says nothing shall be limited too.
  openView(line)
}

/** The one too many is told so, and leaves; a second hundred is not even told. */
function turnAway(socket: Socket, { maxConnections, onRefused, tls }: AcceptOptions): void {
  onRefused?.('busy')
  socket.once('error', () => {})
  const body = `{"error":"busy","message":"the server has its ${maxConnections} connections; see --max-connections"}\n`
  const head = `HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`
  if (tls === undefined) socket.end(`${head}\r\nconnection: close\r\n\r\n${body}`, () => socket.destroy())
  else socket.destroy()
}
