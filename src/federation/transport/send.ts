import type { Writable } from 'node:stream'

/**
 * Memory that stays as it is while it is sent, or blocks of which each is written over once the
 * next is asked for.
 */
export type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/**
 * Writes chunks no faster than the other side reads them, and waits until the kernel has the last
 * one. Rejects when the stream closes before that. How long the other side may read nothing is for
 * the caller to limit.
 *
 * Each wait is for the callback of a write of our own, which Node calls whatever happens to the
 * message. Its `drain` is no such thing: where the answer comes before the end of the request, Node
 * stops passing it on.
 */
export async function sendChunks(target: Writable, chunks: Chunks): Promise<void> {
  let onClose = () => {}
  const closed = new Promise<never>((_, reject) => {
    onClose = () => reject(closedEarly())
  })
  // The stream may close while nothing waits here.
  closed.catch(() => {})
  target.once('close', onClose)
  try {
    if (Symbol.iterator in chunks) {
      let last: Promise<void> | undefined
      for (const chunk of chunks) {
        if (target.destroyed) throw closedEarly()
        last = written(target, chunk)
        if (target.writableNeedDrain) await Promise.race([last, closed])
      }
      await Promise.race([last, closed])
    } else {
      for await (const chunk of chunks) {
        if (target.destroyed) throw closedEarly()
        await Promise.race([written(target, chunk), closed])
      }
    }
  } finally {
    target.off('close', onClose)
  }
}

/** Until the kernel has a copy of the chunk. Never, where the stream closes before that. */
function written(target: Writable, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    target.write(chunk, (error) => {
      if (!error) resolve()
    })
  })
}

function closedEarly(): Error {
  return Object.assign(new Error('the connection closed before everything was sent'), { code: 'ECONNRESET' })
}
