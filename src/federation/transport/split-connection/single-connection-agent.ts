import { Agent } from 'node:http'
import type { NetConnectOpts } from 'node:net'
import { connectDirectly } from './direct-socket.js'
import { Line } from './split-connection.js'
import type { LineView } from './virtual-socket.js'

/** Has one connection, and goes on using it after a body was read past Node's HTTP. */
export class LineAgent extends Agent {
  #line: Line | undefined

  /** What the requests of this agent are sent on. */
  override createConnection(options: NetConnectOpts): LineView {
    if (this.#line?.isFree !== true) this.#line = new Line((reader) => connectDirectly(options, reader), hangUp)
    return this.#line.openView()
  }

  override destroy(): void {
    super.destroy()
    this.#line?.socket.destroy()
  }
}

/** A server that says what it was not asked. */
function hangUp(line: Line): void {
  line.socket.destroy()
}
