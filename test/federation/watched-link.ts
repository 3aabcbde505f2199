/**
 * A TCP link between a client and its server that follows the protocol as it passes, and can hold it at a moment: the test
 * then kills the client, or cuts the link, at exactly that point. Nothing of the product knows of it.
 */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/**
 * - `training`: the client has got the round's weights; what it sends from then on is held
 * - `upload`: the server has got the first part of the result's tensors, and gets no more
 * - `answer`: the server has taken the whole result and has answered; the answer is held
 */
export type Moment = 'training' | 'upload' | 'answer'

/** Of a result's tensors, what gets through before the link holds: less than the smallest model of the tests. */
const FIRST_BYTES = 500

export interface WatchedLink {
  url: string
  /** As soon as the moment has come in this round. */
  held: Promise<void>
  /** Sends what was held; from here on the link is a plain one. */
  release(): void
  /** Closes all connections; new ones are plain. */
  cut(): void
}

export async function watchLink(serverUrl: string, { round, moment }: { round: number; moment: Moment }) {
  const port = Number(new URL(serverUrl).port)
  const wires = new Set<Wire>()
  let isPlain = false
  let onHeld = () => {}
  const held = new Promise<void>((resolve) => {
    onHeld = resolve
  })
  const listening = createServer((client) => {
    const wire = openWire(client, connect(port, '127.0.0.1'), {
      round,
      moment: isPlain ? undefined : moment,
      onHeld: onHeld,
    })
    wires.add(wire)
    client.once('close', () => wires.delete(wire))
  })
  listening.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  const plainly = (act: (wire: Wire) => void) => () => {
    isPlain = true
    for (const wire of [...wires]) act(wire)
  }
  const cut = plainly((wire) => wire.close())
  onTestFinished(() => {
    cut()
    listening.close()
  })
  const { port: own } = listening.address() as { port: number }
  return { url: `http://127.0.0.1:${own}`, held, release: plainly((wire) => wire.release()), cut } satisfies WatchedLink
}

interface Wire {
  release(): void
  close(): void
}

function openWire(
  client: Socket,
  server: Socket,
  watch: { round: number; moment: Moment | undefined; onHeld: () => void },
): Wire {
  const up = { target: server, kept: [] as Buffer[], isHolding: false }
  const down = { target: client, kept: [] as Buffer[], isHolding: false }
  const pass = (way: typeof up, bytes: Buffer) => {
    if (way.isHolding) way.kept.push(bytes)
    else way.target.write(bytes)
  }
  const holdFrom = (way: typeof up) => {
    way.isHolding = true
    watch.onHeld()
  }
  const requests = new HeadReader()
  const answers = new HeadReader()
  let isResult = false
  let passed = 0
  client.on('data', (bytes: Buffer) => {
    for (const { head, body } of requests.read(bytes)) {
      if (head !== undefined) {
        isResult = head.startsWith('POST /v1/result') && numberIn(head, 'tidemark-round') === watch.round
        passed = 0
        pass(up, Buffer.from(`${head}\r\n\r\n`, 'latin1'))
      }
      const room = isResult && watch.moment === 'upload' ? Math.max(0, FIRST_BYTES - passed) : body.length
      pass(up, body.subarray(0, room))
      passed += body.length
      if (body.length <= room) continue
      if (!up.isHolding) holdFrom(up)
      pass(up, body.subarray(room))
    }
  })
  let isTask = false
  server.on('data', (bytes: Buffer) => {
    for (const { head, body, isLast } of answers.read(bytes)) {
      if (head !== undefined) {
        const isFinal = !head.startsWith('HTTP/1.1 1')
        if (isFinal && isResult && watch.moment === 'answer') holdFrom(down)
        isTask = watch.moment === 'training' && numberIn(head, 'tidemark-round') === watch.round
        pass(down, Buffer.from(`${head}\r\n\r\n`, 'latin1'))
      }
      if (isTask && isLast) holdFrom(up)
      pass(down, body)
    }
  })
  const close = () => {
    client.destroy()
    server.destroy()
  }
  for (const socket of [client, server]) {
    socket.on('error', close)
    socket.on('close', close)
  }
  return {
    close,
    release: () => {
      watch.moment = undefined
      for (const way of [up, down]) {
        way.isHolding = false
        for (const bytes of way.kept.splice(0)) way.target.write(bytes)
      }
    },
  }
}

interface Part {
  /** Where a message begins. */
  head?: string
  body: Buffer
  isLast: boolean
}

/** Splits a stream of HTTP messages into their heads and the bytes of their bodies. */
class HeadReader {
  #text = ''
  #left = 0

  read(bytes: Buffer): Part[] {
    const parts: Part[] = []
    for (let rest = bytes; rest.length > 0; ) {
      if (this.#left > 0) {
        const body = rest.subarray(0, this.#left)
        this.#left -= body.length
        rest = rest.subarray(body.length)
        parts.push({ body, isLast: this.#left === 0 })
        continue
      }
      const before = this.#text.length
      this.#text += rest.toString('latin1')
      const end = this.#text.indexOf('\r\n\r\n')
      if (end === -1) break
      const head = this.#text.slice(0, end)
      rest = rest.subarray(end + 4 - before)
      this.#text = ''
      this.#left = numberIn(head, 'content-length') ?? 0
      parts.push({ head, body: Buffer.alloc(0), isLast: this.#left === 0 })
    }
    return parts
  }
}

function numberIn(head: string, header: string): number | undefined {
  const found = new RegExp(`^${header}: (\\d+)`, 'im').exec(head)
  return found === null ? undefined : Number(found[1])
}
