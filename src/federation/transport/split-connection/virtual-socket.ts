import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

/** What a view does with the line that it is of. */
export interface ViewedLine {
  readonly socket: Socket
  resume(): void
  viewClosed(view: LineView, error: Error | null): void
}

/** A connection as Node's HTTP sees it: what it is given, it takes for all that has come. */
export class LineView extends Duplex {
  readonly line: ViewedLine

  constructor(line: ViewedLine) {
    super()
    this.line = line
  }

  get remoteAddress(): string | undefined {
    return this.line.socket.remoteAddress
  }

  get bytesRead(): number {
    return this.line.socket.bytesRead
  }

  get bytesWritten(): number {
    return this.line.socket.bytesWritten
  }

  get timeout(): number | undefined {
    return this.line.socket.timeout
  }

  /** The line emits `timeout` here. */
  setTimeout(timeoutMs: number): this {
    this.line.socket.setTimeout(timeoutMs)
    return this
  }

  setKeepAlive(isOn: boolean, delayMs: number): this {
    this.line.socket.setKeepAlive(isOn, delayMs)
    return this
  }

  setNoDelay(isOn: boolean): this {
    this.line.socket.setNoDelay(isOn)
    return this
  }

  ref(): this {
    this.line.socket.ref()
    return this
  }

  unref(): this {
    this.line.socket.unref()
    return this
  }

  /** Closes once what was written has been sent. */
  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once('finish', () => this.destroy())
  }

  override _read(): void {
    this.line.resume()
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.line.socket.write(chunk, done)
  }

  /** In one packet, where they fit in one. */
  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    const { socket } = this.line
    socket.cork()
    for (const [index, { chunk }] of chunks.entries()) {
      if (index < chunks.length - 1) socket.write(chunk)
      else socket.write(chunk, done)
    }
    socket.uncork()
  }

  override _final(done: () => void): void {
    this.line.socket.end(done)
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.line.viewClosed(this, error)
    done(error)
  }
}
