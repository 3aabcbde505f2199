/** usage: programs.mjs KIND SEED ROUNDS: as programs.py, in V8. */
import { appendFileSync, readFileSync } from 'node:fs'
import { Agent, createServer, request } from 'node:http'

const [kind, seed, rounds] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])]
let state = seed * 2654435761
const random = () => {
  state = (Math.imul(state ^ (state >>> 15), 2246822519) + 374761393) >>> 0
  return state / 2 ** 32
}
const integer = (low, high) => low + Math.floor(random() * (high - low + 1))
const kept = new Map()
const keptList = []
const answer = () =>
  JSON.stringify(Array.from({ length: integer(20, 200) }, (_, i) => ({ id: i, name: `row ${random()}` })))

function done(round, startedMs) {
  const rssBytes = process.memoryUsage.rss()
  const shared = Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[2]) * 4096
  const memory = { rssBytes, rssAnonBytes: rssBytes - shared, rssFileBytes: shared, rssShmemBytes: 0 }
  const mark = { mark: 'round', round, attempt: 0, role: 'server', pid: process.pid, timeMs: Date.now(), startedMs }
  const line = JSON.stringify({ ...mark, peakBytes: null, work: memory, end: memory, cleanup: null })
  appendFileSync(process.env.TIDEMARK_MARKS ?? '/dev/null', `${line}\n`)
}

const agent = new Agent({ keepAlive: true })
let served = 0
const server = createServer((_, response) => {
  const body = answer()
  served++
  if (kind === 'http-leak') kept.set(served, body)
  if (kind === 'http-cache') {
    kept.set(served % 800, body)
  }
  if (kind === 'http-log') keptList.push({ served, at: Date.now(), size: body.length, path: `/${served}` })
  response.end(body)
})
const get = () =>
  new Promise((resolve) =>
    request({ port: server.address().port, agent }, (response) => response.resume().on('end', resolve)).end(),
  )
const http = async () => {
  for (let i = 0; i < 40; i++) await get()
}
const KINDS = {
  'http-level': http,
  'http-cache': http,
  'http-leak': http,
  'http-log': async () => {
    for (let i = 0; i < 150; i++) await get()
  },
  json: () => {
    for (let i = 0; i < 60; i++) JSON.parse(answer()).sort((a, b) => (a.name < b.name ? -1 : 1))
  },
  closures: () => {
    for (let i = 0; i < 400; i++) {
      const data = { at: i, text: `listener ${random()}`, rows: new Array(20).fill(random()) }
      keptList.push(() => data.rows.length + i)
    }
    JSON.parse(answer())
  },
  buffers: () => {
    keptList.push(Buffer.alloc(integer(60_000, 180_000), 1))
    Buffer.alloc(integer(10_000, 900_000), 2)
  },
  'buffers-pool': () => {
    keptList[integer(0, 60)] = Buffer.alloc(integer(60_000, 180_000), 1)
  },
}
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
for (let round = 1; round <= rounds; round++) {
  const startedMs = Date.now()
  await KINDS[kind](round)
  await new Promise((resolve) => setTimeout(resolve, 2))
  done(round, startedMs)
}
process.exit(0)
