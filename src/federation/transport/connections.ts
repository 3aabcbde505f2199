import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

interface Connection {
  /** The socket that closes the connection. */
  socket: Socket
  readonly peer: string
  /** A request with the token came over it. */
  hasToken: boolean
  /** Unanswered requests with the token. */
  open: number
  /** Time of its last use. */
  sinceMs: number
}

/**
 * The open connections of a server, and which of them closes when there are too many: first those
 * that never showed the token, then those that wait for their next request, each time the longest
 * unused. A connection with an open request that showed the token stays, and so does a client's
 * only one.
 */
export class Connections {
  readonly #all = new Set<Connection>()
  readonly #bySocket = new WeakMap<Socket, Connection>()
  readonly #isNeeded: (socket: Socket) => boolean

  constructor(isNeeded: (socket: Socket) => boolean) {
    this.#isNeeded = isNeeded
  }

  get count(): number {
    return this.#all.size
  }

  add(socket: Socket): void {
    const connection = { socket, peer: peerOf(socket), hasToken: false, open: 0, sinceMs: performance.now() }
    this.#all.add(connection)
    this.#bySocket.set(socket, connection)
    socket.once('close', () => this.#all.delete(connection))
  }

  /** Another socket reads the same connection from here on. */
  replace(socket: Socket, by: Socket): void {
    const connection = this.#bySocket.get(socket)
    if (connection === undefined) return
    connection.socket = by
    this.#bySocket.set(by, connection)
  }

  /** Does the same for TLS, whose socket does not name the one below it. */
  secure(by: Socket): void {
    const peer = peerOf(by)
    for (const connection of this.#all) if (connection.peer === peer) this.replace(connection.socket, by)
  }

  /** Records a request that showed the token. */
  note(socket: Socket, response: ServerResponse): void {
    const connection = this.#bySocket.get(socket)
    if (connection === undefined) return
    connection.hasToken = true
    connection.open++
    response.once('close', () => {
      connection.open--
      connection.sinceMs = performance.now()
    })
  }

  /** Closes the connection that is needed least; false where all are needed. */
  giveWay(): boolean {
    let first: Connection | undefined
    for (const connection of this.#all)
      if (this.#mayGo(connection) && (first === undefined || goesBefore(connection, first))) first = connection
    if (first === undefined) return false
    this.#all.delete(first)
    first.socket.destroy()
    return true
  }

  closeAll(): void {
    for (const { socket } of this.#all) socket.destroy()
  }

  #mayGo({ hasToken, open, socket }: Connection): boolean {
    return !hasToken || (open === 0 && !this.#isNeeded(socket))
  }
}

function goesBefore(a: Connection, b: Connection): boolean {
  return a.hasToken === b.hasToken ? a.sinceMs < b.sinceMs : b.hasToken
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
