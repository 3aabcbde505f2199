import type { Socket } from 'node:net'
import { type BodySource, DirectBody } from './direct-body.js'
import type { Reader } from './direct-socket.js'
import { LineView, type ViewedLine } from './virtual-socket.js'

const HEAD_END = Buffer.from('\r\n\r\n')

/**
 * A TCP connection that carries HTTP. Node's HTTP speaks and listens on it through a {@link LineView}; a long body may be taken past it,
 * as a {@link DirectBody}. Node's HTTP then never sees that message end, and so the view is left behind with it: the next
 * message has another one.
 */
export class Line implements BodySource, Reader, ViewedLine {
  readonly socket: Socket
  #view: LineView | undefined
  #body: DirectBody | undefined
  /** What has come while nobody could take it. */
  #held: Buffer[] = []
  #isPaused = false
  /** Of the end of a head, `\r\n\r\n`, as many bytes have come; undefined where heads are not looked for. */
  #headEnd: number | undefined
  readonly #onUnseen: (line: Line) => void

  /** @param onUnseen called when bytes come that no view is there for; it is to open one */
  constructor(open: (reader: Reader) => Socket, onUnseen: (line: Line) => void) {
    this.#onUnseen = onUnseen
    this.socket = open(this)
    this.socket.on('error', (error) => this.#fail(error))
    this.socket.on('close', () => this.#fail(undefined))
    this.socket.on('end', () => this.#end())
    this.socket.on('timeout', () => this.#view?.emit('timeout'))
    // Without a reader of its own a stream does not tell that it has ended.
    this.socket.resume()
  }

  /** Another view may be opened. */
  get isFree(): boolean {
    return this.#view === undefined && this.socket.writable && this.socket.readable
  }

  openView(): LineView {
    this.#view = new LineView(this)
    return this.#view
  }

  /**
   * Has the view see the next head and nothing behind it, until {@link takeBody} or {@link passOn} says whose the rest is.
   */
  holdAfterHead(): void {
    this.#headEnd = 0
    this.resume()
  }

  passOn(): void {
    this.#headEnd = undefined
    this.resume()
  }

  /** The bytes that come next, past the view. They wait until they are read. */
  takeBody(length: number): DirectBody {
    this.#headEnd = undefined
    this.#body = new DirectBody(this, length)
    this.pause()
    return this.#body
  }

  /** The message that this is the body of is over for both sides: the next one is for another view. */
  leaveView(body: DirectBody): void {
    if (this.#body !== body) return
    const view = this.#view
    this.#view = undefined
    this.#body = undefined
    view?.destroy()
    this.resume()
  }

  pause(): void {
    this.#isPaused = true
    this.socket.pause()
  }

  /** What comes behind a body that was taken waits for {@link leaveView}. */
  resume(): void {
    if (!this.#isPaused || this.#body?.isComplete) return
    this.#isPaused = false
    this.socket.resume()
    const held = this.#held
    this.#held = []
    for (const bytes of held) this.take(bytes)
  }

  get room(): Uint8Array | undefined {
    return this.#isPaused ? undefined : this.#body?.room
  }

  take(bytes: Uint8Array): boolean {
    let rest = bytes
    while (rest.length > 0 && !this.#isPaused) rest = rest.subarray(this.#takeSome(rest))
    if (rest.length > 0) this.#held.push(Buffer.from(rest))
    return !this.#isPaused
  }

  bodyClosed(): void {
    if (this.#body?.isComplete === false) this.socket.destroy()
  }

  viewClosed(view: LineView, error: Error | null): void {
    if (this.#view === view) this.socket.destroy(error ?? undefined)
  }

  #takeSome(bytes: Uint8Array): number {
    if (this.#body !== undefined) return this.#takeOfBody(this.#body, bytes)
    if (this.#view === undefined) this.#onUnseen(this)
    const taken = this.#headEnd === undefined ? bytes.length : this.#lengthOfHead(bytes)
    if (this.#view?.push(Buffer.from(bytes.subarray(0, taken))) === false) this.pause()
    if (this.#headEnd === HEAD_END.length) this.pause()
    return taken
  }

  #takeOfBody(body: DirectBody, bytes: Uint8Array): number {
    const taken = body.deliver(bytes)
    if (body.isComplete) this.pause()
    return taken
  }

  /** Bytes up to the end of the head, or all of them. */
  #lengthOfHead(bytes: Uint8Array): number {
    let seen = this.#headEnd ?? 0
    let length = 0
    while (length < bytes.length && seen < HEAD_END.length) {
      const byte = bytes[length++]
      seen = byte === HEAD_END[seen] ? seen + 1 : byte === HEAD_END[0] ? 1 : 0
    }
    this.#headEnd = seen
    return length
  }

  #end(): void {
    if (this.#body?.isComplete === false) this.#fail(closedEarly())
    else if (this.#view === undefined) this.socket.end()
    else this.#view.push(null)
  }

  #fail(error: Error | undefined): void {
    const view = this.#view
    this.#view = undefined
    if (this.#body?.isComplete === false) this.#body.destroy(error ?? closedEarly())
    view?.destroy(error)
    this.socket.destroy()
  }
}

/** What Node says of a message whose connection was closed before its end. */
function closedEarly(): Error {
  return Object.assign(new Error('aborted'), { code: 'ECONNRESET' })
}
