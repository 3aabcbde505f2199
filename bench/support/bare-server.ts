/**
 * The rounds of a spooled server and nothing else: clients are sent a file, what they send back goes into files, and the mean of
 * those, synced and renamed, is the next file. Nothing is checked, counted, limited or resumed, and there are two clients. It is
 * what the machine gives to plain Node: a time in seconds says little on a shared one.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { open, rename, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'

interface Job {
  folder: string
  bytes: number
  rounds: number
}

const CLIENTS = 2
const LARGE = 2 ** 20
const BLOCK = 2 ** 18

/** Seconds of each round. Server and clients are processes of their own. */
export async function bareRoundSeconds({ bytes, rounds }: Omit<Job, 'folder'>): Promise<number[]> {
  const folder = mkdtempSync('/var/tmp/tidemark-bench-')
  const server = startPart(['server', folder, String(bytes), String(rounds)])
  const parts = [server]
  try {
    const port = await messageOf(server)
    for (let i = 0; i < CLIENTS; i++) parts.push(startPart(['client', String(port), String(bytes), String(rounds)]))
    return (await Promise.race(parts.map(messageOf))) as number[]
  } finally {
    for (const part of parts) if (part.connected) part.disconnect()
    rmSync(folder, { recursive: true })
  }
}

/** What a part has to say; it fails with a part that ends badly. Clients say nothing, and end well when all rounds are over. */
function messageOf(part: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    part.once('message', resolve)
    part.once('exit', (code) => code !== 0 && reject(new Error(`${part.spawnargs.join(' ')} ended with ${code}`)))
  })
}

function startPart(args: string[]) {
  return fork(fileURLToPath(import.meta.url), args, { execArgv: ['--import', 'jiti/register'] })
}

async function serve({ folder, bytes, rounds }: Job): Promise<void> {
  const state = join(folder, 'state')
  const results = Array.from({ length: CLIENTS }, (_, i) => join(folder, `result-${i}`))
  await writeFile(state, Buffer.alloc(bytes, 1))
  const seconds: number[] = []
  let startedMs = 0
  let arrived = 0
  let pending = CLIENTS
  let committed: Promise<void> = Promise.resolve()
  let commit = () => {}
  const server = createServer(async (from, response) => {
    if (from.method === 'GET') {
      await committed
      if (startedMs === 0) startedMs = performance.now()
      response.setHeader('content-length', bytes)
      await pipeline(createReadStream(state, { highWaterMark: LARGE }), response)
      return
    }
    const number = arrived++
    if (number === 0) committed = new Promise((resolve) => (commit = resolve))
    await pipeline(from, createWriteStream(results[number]!, { highWaterMark: LARGE }))
    response.end()
    if (--pending > 0) return
    await writeMean(results, state, bytes)
    seconds.push((performance.now() - startedMs) / 1000)
    startedMs = arrived = 0
    pending = CLIENTS
    commit()
    if (seconds.length === rounds) process.send?.(seconds)
  })
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
}

async function writeMean(results: readonly string[], state: string, bytes: number): Promise<void> {
  const files = await Promise.all(results.map((path) => open(path)))
  const next = await open(`${state}.part`, 'w')
  const blocks = files.map(() => new Float32Array(BLOCK / 4))
  const [a, b] = blocks as [Float32Array, Float32Array]
  const sum = Buffer.from(a.buffer)
  for (let offset = 0; offset < bytes; offset += BLOCK) {
    const length = Math.min(BLOCK, bytes - offset)
    await Promise.all(files.map((file, i) => file.read(blocks[i]!, 0, length, offset)))
    for (let i = 0; i < length / 4; i++) a[i] = 0.5 * a[i]! + 0.5 * b[i]!
    await next.write(sum, 0, length, offset)
  }
  await next.datasync()
  for (const file of [...files, next]) await file.close()
  await rename(`${state}.part`, state)
}

async function takePart(port: string, { bytes, rounds }: Omit<Job, 'folder'>): Promise<void> {
  const weights = Buffer.alloc(bytes)
  const to = { port, host: '127.0.0.1' }
  for (let round = 0; round < rounds; round++) {
    const [task] = (await once(request(to).end(), 'response')) as [IncomingMessage]
    let filled = 0
    task.on('data', (chunk: Buffer) => (filled += chunk.copy(weights, filled)))
    await once(task, 'end')
    const upload = request({ ...to, method: 'POST', headers: { 'content-length': bytes } })
    const answered = once(upload, 'response')
    for (let sent = 0; sent < bytes; sent += LARGE)
      if (!upload.write(weights.subarray(sent, sent + LARGE))) await once(upload, 'drain')
    upload.end()
    const [answer] = (await answered) as [IncomingMessage]
    answer.resume()
    await once(answer, 'end')
  }
  process.exit()
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.on('disconnect', () => process.exit())
  const [part, first = '', bytes, rounds] = process.argv.slice(2)
  const job = { bytes: Number(bytes), rounds: Number(rounds) }
  if (part === 'server') void serve({ ...job, folder: first })
  else if (part === 'client') void takePart(first, job)
}
