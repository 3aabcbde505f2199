/**
 * RSS of a Node role under several releases of Node, with the flags of V8 that roles set and without: the server and a
 * client of the main job's FedAvg (results in memory), the server cleaning up every round.
 *
 *     npm run test:node -- 22,24,26 --short    # installs the releases
 *     npm run build && npx jiti bench/node-releases.ts NODE ...
 *
 * Each NODE is the path of a `node`. One job a row. On an idle machine a round takes a quarter of a second.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Mark, MemoryReading, RoundMark } from '../src/shared/marks.js'
import { mib } from '../src/shared/units.js'
import { ended, median, readMarks, serverUrl, start } from './job.js'

const ROUNDS = 20
const WITHOUT = `--import ${new URL('support/without-v8-flags.mjs', import.meta.url).href}`

const releases = process.argv.slice(2)
if (releases.length === 0) throw new Error('name the paths of the releases of node to measure')

console.log(
  `${cpus().length} cores, FedAvg, 2 clients, ${ROUNDS} rounds, results in memory, cleanup every round; MiB\n`,
)
console.log(
  '| Node | flags | start | of it anon | server, end of round 3 | round 10 | round 20 | peak of rounds 2 to 20 | client, round 20 | s a round | start mark |',
)
console.log('| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |')
for (const node of releases) for (const hasFlags of [true, false]) console.log(await measure(node, hasFlags))

async function measure(node: string, hasFlags: boolean): Promise<string> {
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
  const marks = await runJob(node, hasFlags ? {} : { NODE_OPTIONS: WITHOUT })
  const rounds = (role: string) =>
    marks.filter((mark): mark is RoundMark => mark.mark === 'round' && mark.role === role)
  const server = rounds('server')
  const first = marks.find((mark) => mark.mark === 'start' && mark.role === 'server') as Mark & {
    memory: MemoryReading
    v8Flags: { missing: string[] }
  }
  const seconds = median(server.slice(1).map(({ timeMs }, i) => (timeMs - server[i]!.timeMs) / 1000))
  const cells = [
    version,
    hasFlags ? 'set' : 'not set',
    mib(first.memory.rssBytes),
    mib(first.memory.rssAnonBytes),
    ...[3, 10, 20].map((round) => mib(server[round - 1]!.end.rssBytes)),
    mib(Math.max(...server.slice(1).map(({ peakBytes }) => peakBytes ?? Number.NaN))),
    mib(rounds('client').at(-1)!.end.rssBytes),
    seconds.toFixed(2),
    first.v8Flags.missing.length === 0 ? 'none missing' : `missing: ${first.v8Flags.missing.join(' ')}`,
  ]
  return `| ${cells.join(' | ')} |`
}

async function runJob(node: string, environment: Record<string, string>): Promise<Mark[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-bench-'))
  const file = join(folder, 'marks.ndjson')
  writeFileSync(file, '')
  const run = (args: string[]) => start(args, file, environment, node)
  const job = ['--clients', '2', '--rounds', String(ROUNDS), '--aggregation', 'buffered']
  const server = run(['server', ...job, '--server-memory-gc-rounds', '1'])
  try {
    const url = await serverUrl(file, server)
    const clients = [1, 2].map((i) => run(['client', '--server', url, '--name', `site-${i}`]))
    for (const role of [server, ...clients]) await ended(role)
    return readMarks(file)
  } finally {
    server.kill()
    rmSync(folder, { recursive: true })
  }
}
