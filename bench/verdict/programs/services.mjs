/** usage: services.mjs KIND SEED ROUNDS: as services.py, in V8. */
import { EventEmitter } from 'node:events'
import { appendFileSync, readFileSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Worker } from 'node:worker_threads'

const [kind, seed, rounds] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])]
let state = seed * 2654435761
const random = () => {
  state = (Math.imul(state ^ (state >>> 15), 2246822519) + 374761393) >>> 0
  return state / 2 ** 32
}
const integer = (low, high) => low + Math.floor(random() * (high - low + 1))
const kept = []
const table = new Map()
const bus = new EventEmitter().setMaxListeners(0)
const ring = new Array(120)
const memory = new WebAssembly.Memory({ initial: 1, maximum: 4000 })
const worker =
  kind === 'worker'
    ? new Worker(
        'const { parentPort } = require("node:worker_threads"); parentPort.on("message", (m) => parentPort.postMessage(m, [m.buffer]))',
        {
          eval: true,
        },
      )
    : undefined

function done(round, startedMs) {
  const rssBytes = process.memoryUsage.rss()
  const shared = Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[2]) * 4096
  const held = { rssBytes, rssAnonBytes: rssBytes - shared, rssFileBytes: shared, rssShmemBytes: 0 }
  const mark = { mark: 'round', round, attempt: 0, role: 'server', pid: process.pid, timeMs: Date.now(), startedMs }
  const line = JSON.stringify({ ...mark, peakBytes: null, work: held, end: held, cleanup: null })
  appendFileSync(process.env.TIDEMARK_MARKS ?? '/dev/null', `${line}\n`)
}

const KINDS = {
  /** Listeners that are never removed. */
  emitter: () => {
    for (let i = 0; i < 60; i++) {
      const data = new Uint8Array(integer(1000, 6000)).fill(1)
      bus.on('end', () => data.length)
    }
  },
  /** Promises that nothing settles. */
  promises: () => {
    for (let i = 0; i < 150; i++) kept.push(new Promise(() => {}).then(() => new Array(200).fill(i)))
    kept.push(new Array(20_000).fill(random()))
  },
  /** WebAssembly memory, which never shrinks: some pages a round. */
  wasm: () => {
    const from = memory.buffer.byteLength
    memory.grow(integer(1, 4))
    new Uint8Array(memory.buffer, from).fill(1)
  },
  /** Entries that end after eight rounds. */
  ttl: (round) => {
    for (let i = 0; i < integer(20, 80); i++) table.set(`${round}-${i}`, Buffer.alloc(integer(1000, 30_000), 1))
    for (const key of table.keys()) if (Number(key.split('-')[0]) <= round - 8) table.delete(key)
  },
  /** A ring of typed arrays. */
  'typed-ring': (round) => {
    for (let i = 0; i < 30; i++) ring[(round * 30 + i) % ring.length] = new Float64Array(integer(1000, 8000)).fill(1)
  },
  /** Streams that are written through and dropped. */
  streams: async () => {
    const through = new PassThrough()
    const read = (async () => {
      for await (const chunk of through) chunk.length
    })()
    await pipeline(async function* () {
      for (let i = 0; i < 20; i++) yield Buffer.alloc(integer(10_000, 90_000), 1)
    }, through)
    await read
  },
  /** Buffers that are handed to a worker and back. */
  worker: async () => {
    for (let i = 0; i < 5; i++) {
      const message = new Uint8Array(integer(100_000, 900_000)).fill(1)
      const back = new Promise((resolve) => worker.once('message', resolve))
      worker.postMessage(message, [message.buffer])
      await back
    }
  },
}
for (let round = 1; round <= rounds; round++) {
  const startedMs = Date.now()
  await KINDS[kind](round)
  await new Promise((resolve) => setTimeout(resolve, 2))
  done(round, startedMs)
}
process.exit(0)
