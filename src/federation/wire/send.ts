import type { Writable } from 'node:stream'

/** Writes chunks no faster than the other side reads them. Rejects when the stream closes before it has taken all. */
export async function sendChunks(target: Writable, chunks: Iterable<Uint8Array>): Promise<void> {
  for (const chunk of chunks) {
    if (target.destroyed) throw closedEarly()
    if (!target.write(chunk)) await drained(target)
  }
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
