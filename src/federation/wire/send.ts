import type { Writable } from 'node:stream'

/** Memory that stays as it is while it is sent, or blocks of which each is written over once the next is asked for. */
export type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** Writes chunks no faster than the other side reads them. Rejects when the stream closes before it has taken all. */
export async function sendChunks(target: Writable, chunks: Chunks): Promise<void> {
  if (Symbol.iterator in chunks) {
    for (const chunk of chunks) {
      if (target.destroyed) throw closedEarly()
      if (!target.write(chunk)) await drained(target)
    }
  } else {
    for await (const chunk of chunks) {
      if (target.destroyed) throw closedEarly()
      await taken(target, chunk)
    }
  }
}

/** Until the kernel has a copy of the chunk. */
function taken(target: Writable, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = () => reject(closedEarly())
    target.once('close', onClose)
    target.write(chunk, (error) => {
      target.off('close', onClose)
      if (error) reject(closedEarly())
      else resolve()
    })
  })
}

function drained(target: Writable): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      target.off('drain', onDrain)
      target.off('close', onClose)
    }
    const onDrain = () => {
      stop()
      resolve()
    }
    const onClose = () => {
      stop()
      reject(closedEarly())
    }
    target.on('drain', onDrain)
    target.on('close', onClose)
  })
}

function closedEarly(): Error {
  return Object.assign(new Error('the connection closed before everything was sent'), { code: 'ECONNRESET' })
}
