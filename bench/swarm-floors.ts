/**
 * Least memory of a swarm's peers: exact peaks of each round against the formulas of docs/swarm.md, 3 M for a peer that
 * trains and (1 + results) M for the one that adds up, with 100 MiB of echo weights and three peers.
 *
 *     npm run build && npx jiti bench/swarm-floors.ts [rounds]
 *
 * Limit (an issue of the project sets it): within 0.5 M + 60 MiB of the formula.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Mark, RoundMark } from '../src/marks.js'
import { MIB, mib } from '../src/units.js'

const PROGRAM = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
const MODEL_BYTES = 100 * MIB
const PEERS = 3
const ALLOWANCE_BYTES = 0.5 * MODEL_BYTES + 60 * MIB

const rounds = Number(process.argv[2] ?? 9)
const folder = mkdtempSync(join(tmpdir(), 'tidemark-bench-'))
const file = join(folder, 'marks.ndjson')
const started: ChildProcess[] = []
try {
  const job = ['--trainer', 'echo', '--model-size', '100MiB', '--rounds', String(rounds), '--clients', String(PEERS)]
  const coordinator = start(['coordinator', ...job])
  const url = await readyUrl(coordinator)
  for (let i = 1; i <= PEERS; i++) start(['peer', '--coordinator', url, '--name', `site-${i}`])
  for (const role of started) await ended(role)
  report(readMarks().filter((mark): mark is RoundMark => mark.mark === 'round'))
} finally {
  for (const role of started) role.kill()
  rmSync(folder, { recursive: true })
}

function report(marks: RoundMark[]): void {
  console.log(`${cpus().length} cores, Node ${process.version}, ${rounds} rounds, ${PEERS} echo peers, M = 100 MiB\n`)
  console.log('| role in the round | formula | highest exact peak, MiB | in M | limit, MiB | within |')
  console.log('| --- | --- | --- | --- | --- | --- |')
  const isAggregator = (mark: RoundMark) => mark.aggregator === mark.name
  rowOf(
    'trainer',
    3,
    marks.filter((mark) => !isAggregator(mark)),
  )
  rowOf('aggregator that trains too', 1 + PEERS, marks.filter(isAggregator))
  const seconds = marks.map((mark) => (mark.timeMs - mark.startedMs) / 1000).sort((a, b) => a - b)
  console.log(`\ns a round: median ${seconds[seconds.length >> 1]!.toFixed(2)}, slowest ${seconds.at(-1)!.toFixed(2)}`)
}

function rowOf(role: string, sets: number, marks: RoundMark[]): void {
  const peak = Math.max(...marks.map((mark) => mark.peakBytes ?? Number.NaN))
  const limit = sets * MODEL_BYTES + ALLOWANCE_BYTES
  const cells = [
    role,
    `${sets} M`,
    mib(peak),
    (peak / MODEL_BYTES).toFixed(2),
    mib(limit),
    peak <= limit ? 'yes' : 'no',
  ]
  console.log(`| ${cells.join(' | ')} |`)
}

function start(args: string[]): ChildProcess {
  const role = spawn(process.execPath, [PROGRAM, ...args], {
    // Its input stays open as long as this process lives; a role ends when it closes.
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { ...process.env, TIDEMARK_TOKEN: 'bench', TIDEMARK_MARKS: file, TIDEMARK_OWNED: '1' },
  })
  started.push(role)
  return role
}

async function readyUrl(coordinator: ChildProcess): Promise<string> {
  for (;;) {
    const ready = readMarks().find((mark) => mark.mark === 'ready')
    if (ready?.url !== undefined) return ready.url
    if (coordinator.exitCode !== null) throw new Error(`the coordinator ended with exit code ${coordinator.exitCode}`)
    await sleep(20)
  }
}

async function ended(role: ChildProcess): Promise<void> {
  if (role.exitCode === null) await once(role, 'exit')
  if (role.exitCode !== 0) throw new Error(`${role.spawnargs[2]} ended with exit code ${role.exitCode}`)
}

function readMarks(): Mark[] {
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as Mark)
}
