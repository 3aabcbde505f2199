/**
 * What a transfer costs that is read past Node's HTTP, beside one that is not: 100 MiB to a server and 100 MiB from it, server
 * and client in one process, so that its processor time is that of both ends.
 *
 *     npm run build && npx jiti bench/direct-reads.ts
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { cpus } from 'node:os'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { Connection } from '../src/federation/transport/http-client.js'
import { listen } from '../src/federation/transport/http-server.js'
import { readDirectly } from '../src/federation/transport/split-connection/direct-socket.js'
import { takeBody } from '../src/federation/transport/split-connection/message-body.js'
import { MIB } from '../src/shared/units.js'
import { median } from './job.js'

interface Cost {
  cpuMs: number
  wallMs: number
}

const BYTES = 100 * MIB
const BLOCK = MIB
const TURNS = 5
const TRANSFERS = 12
/** Left out, while compiled code settles. */
const WARM_UP = 4

const blocks = Array.from({ length: BYTES / BLOCK }, () => Buffer.alloc(BLOCK, 1))

/** As whoever takes weights does: copies what is to stay. */
async function read(body: Readable, into: Uint8Array): Promise<void> {
  let filled = 0
  body.on('data', (chunk: Uint8Array) => {
    into.set(chunk, filled)
    filled += chunk.length
  })
  await once(body, 'end')
}

async function transfer(): Promise<{ up: Cost; down: Cost }> {
  const token = 'x'.repeat(24)
  const [atServer, atClient] = [new Uint8Array(BYTES), new Uint8Array(BYTES)]
  const server = await listen({
    host: '127.0.0.1',
    port: 0,
    token,
    maxConnections: 10,
    routes: {
      'POST /take': async (request: IncomingMessage, response: ServerResponse) => {
        await read(await takeBody(request, response), atServer)
        return {}
      },
      'GET /give': async (_, response) => {
        response.writeHead(200, { 'content-length': BYTES })
        for (const block of blocks) if (!response.write(block)) await once(response, 'drain')
        response.end()
        return undefined
      },
    },
    log: () => {},
  })
  const connection = new Connection({ url: server.url, token, idleMs: 10_000, signal: new AbortController().signal })
  const body = { byteLength: BYTES, chunks: () => blocks }
  const up = await costOf(() =>
    connection.requestJson({ method: 'POST', path: '/take', headers: {}, body, askFirst: true }),
  )
  const down = await costOf(async () => {
    const answer = await connection.request({ method: 'GET', path: '/give', headers: {} })
    await read(answer.body, atClient)
  })
  connection.close()
  await server.close()
  return { up, down }
}

async function costOf(work: () => Promise<unknown>): Promise<Cost> {
  const costs: Cost[] = []
  for (let i = 0; i < TRANSFERS; i++) {
    const [before, startedMs] = [process.cpuUsage(), performance.now()]
    await work()
    const { user, system } = process.cpuUsage(before)
    costs.push({ cpuMs: (user + system) / 1000, wallMs: performance.now() - startedMs })
  }
  return medianOf(costs.slice(WARM_UP))
}

function medianOf(costs: readonly Cost[]): Cost {
  return { cpuMs: median(costs.map(({ cpuMs }) => cpuMs)), wallMs: median(costs.map(({ wallMs }) => wallMs)) }
}

async function run(way: string): Promise<{ up: Cost; down: Cost }> {
  const child = fork(fileURLToPath(import.meta.url), [way], { execArgv: ['--import', 'jiti/register'] })
  const [told] = (await once(child, 'message')) as [{ up: Cost; down: Cost }]
  await once(child, 'exit')
  return told
}

const [way] = process.argv.slice(2)
if (way !== undefined) {
  if (way === 'direct') readDirectly()
  process.send?.(await transfer())
  process.disconnect?.()
} else {
  console.log(`${cpus().length} cores, Node ${process.version}, ${TURNS} processes of each in turn, medians\n`)
  const found = { node: [] as { up: Cost; down: Cost }[], direct: [] as { up: Cost; down: Cost }[] }
  for (let turn = 0; turn < TURNS; turn++)
    for (const each of ['node', 'direct'] as const) found[each].push(await run(each))
  console.log('| 100 MiB | through Node’s HTTP, ms of CPU (ms) | past it | ratio of CPU |')
  console.log('| --- | --- | --- | --- |')
  for (const side of ['up', 'down'] as const) {
    const [node, direct] = [found.node, found.direct].map((all) => medianOf(all.map((one) => one[side]))) as [
      Cost,
      Cost,
    ]
    const cell = ({ cpuMs, wallMs }: Cost) => `${cpuMs.toFixed(0)} (${wallMs.toFixed(0)})`
    const what = side === 'up' ? 'to a server' : 'from a server'
    console.log(`| ${what} | ${cell(node)} | ${cell(direct)} | ${(direct.cpuMs / node.cpuMs).toFixed(2)} |`)
  }
}
