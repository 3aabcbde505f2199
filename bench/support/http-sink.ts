/** The least that a server of files can do: a bare HTTP server that writes each upload to a file, and clients that send bytes. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'

interface Upload {
  folder: string
  clients: number
  /** Of each client. */
  bytes: number
}

const CHUNK = Buffer.alloc(2 ** 20, 1)

/** How long it takes until all clients, a process each, have had their bytes written. The sink is a process of its own too. */
export async function sinkSeconds({ folder, clients, bytes }: Upload): Promise<number> {
  const sink = startPart(['sink', folder])
  const [port] = (await once(sink, 'message')) as [number]
  const sources = Array.from({ length: clients }, () => startPart(['source', String(port), String(bytes)]))
  await Promise.all(sources.map((source) => once(source, 'message')))
  const startedMs = performance.now()
  for (const source of sources) source.send('go')
  await Promise.all(sources.map((source) => once(source, 'exit')))
  const seconds = (performance.now() - startedMs) / 1000
  sink.kill()
  return seconds
}

/** This file again, through the loader that runs it now; it ends with us, since its channel closes. */
function startPart(args: string[]) {
  return fork(fileURLToPath(import.meta.url), args, { execArgv: ['--import', 'jiti/register'] })
}

function sink(folder: string): void {
  let uploads = 0
  const server = createServer(async (from, response) => {
    await pipeline(from, createWriteStream(join(folder, `upload-${uploads++}`), { highWaterMark: 2 ** 20 }))
    response.end()
  })
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
  process.on('disconnect', () => process.exit())
}

function source(port: string, bytes: number): void {
  process.send?.('ready')
  process.once('message', async () => {
    const upload = request({ port, host: '127.0.0.1', method: 'POST', headers: { 'content-length': bytes } })
    const answered = once(upload, 'response')
    for (let sent = 0; sent < bytes; sent += CHUNK.length) if (!upload.write(CHUNK)) await once(upload, 'drain')
    upload.end()
    await answered
    process.exit()
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [part, first = '', second] = process.argv.slice(2)
  if (part === 'sink') sink(first)
  else if (part === 'source') source(first, Number(second))
}
