import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Connections } from './connections.js'
import type { ServerOptions } from './server-options.js'
import { acceptDirectly, canAcceptDirectly } from './split-connection/direct-socket.js'
import { Line } from './split-connection/split-connection.js'

type AcceptOptions = Pick<ServerOptions, 'maxConnections' | 'isNeeded' | 'onRefused' | 'tls'>

/** Connections beyond the limit that are still told why they are closed. */
const TOLD_CONNECTIONS = 100

/** How long one that is turned away may take to read that it is. */
const TOLD_MS = 1000

/**
 * Limits how many connections there are, and has them speak HTTP. Without TLS, long bodies may then be read past Node's HTTP.
 */
export function acceptConnections(server: Server, options: AcceptOptions): Connections {
  const { maxConnections, tls, isNeeded = () => false } = options
  const connections = new Connections(isNeeded)
  const asHttp = tls === undefined ? takeOver(server) : () => {}
  server.maxConnections = maxConnections + TOLD_CONNECTIONS
  server.on('connection', (accepted: Socket) => {
    // Room is made before the new one counts: it is the last that would have to go.
    const hasRoom = connections.count < maxConnections || connections.giveWay()
    if (!hasRoom) {
      turnAway(accepted, options)
      return
    }
    connections.add(accepted)
    if (tls === undefined) openLine(accepted, { connections, asHttp })
  })
  server.on('secureConnection', (secured: Socket) => connections.secure(secured))
  return connections
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
  { connections, asHttp }: { connections: Connections; asHttp: (connection: Duplex) => void },
): void {
  const openView = (line: Line) => asHttp(line.openView())
  if (!canAcceptDirectly(accepted)) {
    asHttp(accepted)
    return
  }
  const line = new Line((reader) => acceptDirectly(accepted, reader), openView)
  connections.replace(accepted, line.socket)
  // Register now rather than on the first byte, so idle connections are limited too.
  openView(line)
}

/** The one too many is told so, and leaves; a second hundred is not even told. */
function turnAway(socket: Socket, { maxConnections, onRefused, tls }: AcceptOptions): void {
  onRefused?.('busy')
  socket.once('error', () => {})
  const body = `{"error":"busy","message":"the server has its ${maxConnections} connections; see --max-connections"}\n`
  const head = `HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`
  if (tls !== undefined) {
    socket.destroy()
    return
  }
  socket.setTimeout(TOLD_MS, () => socket.destroy())
  socket.end(`${head}\r\nconnection: close\r\n\r\n${body}`, () => socket.destroy())
}
