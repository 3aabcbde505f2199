import { connect, type NetConnectOpts, type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net'

/** A socket gives as much at a time; by itself Node asks it for 64 KiB. It stays in the processor's cache. */
export const BUFFER_BYTES = 256 * 2 ** 10

let isOn = false

/**
 * From here on this process reads from its new connections without TLS as this file does. For bodies of a few MiB that does not show,
 * and Node's own way has the smaller pieces.
 */
export function readDirectly(): void {
  isOn = true
}

export function readsDirectly(): boolean {
  return isOn
}

/** One for all sockets of this process: what was read into it is dealt with before anything else is read. */
let shared: Uint8Array | undefined

export interface Reader {
  /** Takes what the socket has brought, and returns whether more is wanted. Memory of this file's is written over when it returns. */
  take(bytes: Uint8Array): boolean
  /** Where the next bytes are to go, and as many of them at most; undefined where that is not known. */
  readonly room: Uint8Array | undefined
}

/**
 * A connection whose bytes come in memory that is used over and over. What Node reads from a socket otherwise is a new piece of memory every
 * 64 KiB, copied once more on its way through the HTTP parser, and garbage then: for a hundred MiB more work than all that is done with them.
 */
export function connectDirectly(options: NetConnectOpts, reader: Reader): Socket {
  return connect({ ...options, onread: into(reader) })
}

/** A socket as Node has it; its handle is what reads. */
type Owner = { _handle: { useUserBuffer?: unknown } | null }

/** Whether {@link acceptDirectly} is wanted, and can do with this Node. */
export function canAcceptDirectly(accepted: Socket): boolean {
  return isOn && typeof (accepted as unknown as Owner)._handle?.useUserBuffer === 'function'
}

/**
 * The same of a connection that a server has accepted. Node lets only the side that connects choose its memory; here the handle
 * of the connection changes its socket, which is how Node itself would do it.
 */
export function acceptDirectly(accepted: Socket, reader: Reader): Socket {
  const owner = accepted as unknown as Owner
  const options = { handle: owner._handle, allowHalfOpen: true, onread: into(reader) }
  owner._handle = null
  const socket = new Socket(options as SocketConstructorOpts)
  // The server counts the one that it has accepted.
  socket.once('close', () => accepted.destroy())
  return socket
}

function into(reader: Reader): OnReadOpts {
  shared ??= new Uint8Array(BUFFER_BYTES)
  const memory = shared
  return {
    buffer: () => reader.room ?? memory,
    callback: (length, bytes) => reader.take(bytes.subarray(0, length)),
  }
}
