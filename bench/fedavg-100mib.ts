/**
 * The FL runtime's own cost: a model of 100 MiB, two echo clients, results buffered, cleanup never, every 5 rounds and every
 * round. Everything through the command line, as a user would run it.
 *
 *     npm run build && npx jiti bench/fedavg-100mib.ts [rounds]
 *
 * Limits (an issue of the project sets them): at most 0.8 s a round on 2 cores; server peak at most 5.5 M without cleanup and
 * 4.5 M with cleanup every round; after cleanup within 15 % of the base and 1 M.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Mark, RoundMark } from '../src/shared/marks.js'
import { mib } from '../src/shared/units.js'

const PROGRAM = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
const MODEL_BYTES = 100 * 2 ** 20
const CLIENTS = 2
/** Rounds that are left out of the medians, while memory and compiled code settle. */
const WARM_UP = 2

const rounds = Number(process.argv[2] ?? 20)
console.log(`${cpus().length} cores, Node ${process.version}, ${rounds} rounds, ${CLIENTS} echo clients, M = 100 MiB\n`)
console.log(
  '| gc | s a round (median, slowest) | peak in M | base MiB | end RSS after cleanup, MiB | over base + 1 M |',
)
console.log('| --- | --- | --- | --- | --- | --- |')
for (const gcRounds of [0, 5, 1]) console.log(rowOf(gcRounds, await runJob(gcRounds)))

async function runJob(gcRounds: number): Promise<Mark[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-bench-'))
  const file = join(folder, 'marks.ndjson')
  writeFileSync(file, '')
  const job = [
    '--aggregation',
    'buffered',
    '--trainer',
    'echo',
    '--model-size',
    '100MiB',
    '--rounds',
    String(rounds),
    '--clients',
    String(CLIENTS),
  ]
  const server = start(['server', ...job, '--server-memory-gc-rounds', String(gcRounds)], file)
  try {
    const url = await serverUrl(file, server)
    const clients = Array.from({ length: CLIENTS }, (_, i) =>
      start(['client', '--server', url, '--name', `site-${i + 1}`], file),
    )
    for (const role of [server, ...clients]) await ended(role)
    return readMarks(file)
  } finally {
    server.kill()
    rmSync(folder, { recursive: true })
  }
}

function start(args: string[], marksFile: string): ChildProcess {
  return spawn(process.execPath, [PROGRAM, ...args], {
    // Its input stays open as long as this process lives; a role ends when it closes.
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { ...process.env, TIDEMARK_TOKEN: 'bench', TIDEMARK_MARKS: marksFile, TIDEMARK_OWNED: '1' },
  })
}

async function serverUrl(file: string, server: ChildProcess): Promise<string> {
  const changes = watch(file)
  try {
    for (;;) {
      const ready = readMarks(file).find((mark) => mark.mark === 'ready')
      if (ready?.url !== undefined) return ready.url
      if (server.exitCode !== null) throw new Error(`the server ended with exit code ${server.exitCode}`)
      await Promise.race([once(changes, 'change'), once(server, 'exit')])
    }
  } finally {
    changes.close()
  }
}

async function ended(role: ChildProcess): Promise<void> {
  if (role.exitCode === null) await once(role, 'exit')
  if (role.exitCode !== 0) throw new Error(`${role.spawnargs[2]} ended with exit code ${role.exitCode}`)
}

function readMarks(file: string): Mark[] {
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as Mark)
}

function rowOf(gcRounds: number, marks: Mark[]): string {
  const own = marks.filter((mark) => mark.role === 'server')
  const base = own.find((mark) => mark.mark === 'start')!.memory.rssBytes
  const all = own.filter((mark): mark is RoundMark => mark.mark === 'round')
  const seconds = all.slice(WARM_UP).map((mark) => (mark.timeMs - mark.startedMs) / 1000)
  const peak = Math.max(...all.map((mark) => mark.peakBytes ?? Number.NaN)) / MODEL_BYTES
  const floors = all.filter((mark) => mark.cleanup !== null).map((mark) => mark.end.rssBytes)
  const over = floors.map((floor) => (100 * floor) / (base + MODEL_BYTES) - 100)
  const cells = [
    gcRounds,
    `${median(seconds).toFixed(2)}, ${Math.max(...seconds).toFixed(2)}`,
    peak.toFixed(2),
    mib(base),
    floors.length === 0 ? 'none' : `${mib(Math.min(...floors))} to ${mib(Math.max(...floors))}`,
    floors.length === 0 ? 'none' : `${Math.min(...over).toFixed(1)} to ${Math.max(...over).toFixed(1)} %`,
  ]
  return `| ${cells.join(' | ')} |`
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2
}
