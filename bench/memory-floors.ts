/**
 * Least memory of every role of every algorithm: the exact peaks of its rounds against the formulas of docs/memory-floors.md,
 * with 100 MiB of weights, results buffered, and cleanup every round. Everything through the command line.
 *
 *     npm run build && npx jiti bench/memory-floors.ts [rounds [part ...]]
 *
 * Parts: echo (servers, aggregators and peers, with clients that send the weights back; 5 rounds unless given otherwise) and
 * training (clients and peers that really train, two rounds of one step on one example). Both take about five minutes.
 *
 * Goals (an issue of the project sets them): each peak at most 0.5 M + 60 MiB above its formula; Cyclic's server within 0.2 M
 * of itself with 2 and with 8 clients.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Mark, RoundMark } from '../src/shared/marks.js'
import { MIB, mib } from '../src/shared/units.js'
import { ended, readMarks, serverUrl, start } from './job.js'

const MODEL_BYTES = 100 * MIB
const ALLOWANCE_BYTES = 0.5 * MODEL_BYTES + 60 * MIB
const CYCLIC_SPREAD = 0.2

interface Job {
  algorithm: 'fedavg' | 'scaffold' | 'cyclic' | 'swarm'
  participants: number
}

interface Row {
  role: string
  formula: string
  sets: number
  peakBytes: number
}

const echoRounds = Number(process.argv[2] ?? 5)
const parts = process.argv.length > 3 ? process.argv.slice(3) : ['echo', 'training']
const rows: Row[] = []
let cyclicSpread: number | undefined
if (parts.includes('echo')) await measureEcho()
if (parts.includes('training')) await measureTraining()
process.exitCode = report() ? 0 : 1

async function measureEcho(): Promise<void> {
  const run = (job: Job) => runJob(job, ['--trainer', 'echo', '--rounds', String(echoRounds)])
  const peakOf = (marks: RoundMark[]) => Math.max(...marks.map((mark) => mark.peakBytes ?? Number.NaN))
  const server = (marks: RoundMark[]) => peakOf(marks.filter(({ role }) => role === 'server'))
  const fedavg = server(await run({ algorithm: 'fedavg', participants: 2 }))
  add('FedAvg server, 2 clients', '(1 + R) M', 3, fedavg)
  const scaffold = server(await run({ algorithm: 'scaffold', participants: 2 }))
  add('SCAFFOLD server, 2 clients', '(2 + 2R) M', 6, scaffold)
  const two = server(await run({ algorithm: 'cyclic', participants: 2 }))
  add('Cyclic server, 2 clients', '2 M', 2, two)
  const eight = server(await run({ algorithm: 'cyclic', participants: 8 }))
  add('Cyclic server, 8 clients', '2 M', 2, eight)
  cyclicSpread = Math.abs(eight - two) / MODEL_BYTES
  const swarm = (await run({ algorithm: 'swarm', participants: 3 })).filter(({ role }) => role === 'peer')
  const isAggregator = (mark: RoundMark) => mark.aggregator === mark.name
  add('Swarm aggregator that trains too, 3 peers', '(1 + R) M', 4, peakOf(swarm.filter(isAggregator)))
  add('Swarm peer that does not aggregate', '3 M', 3, peakOf(swarm.filter((mark) => !isAggregator(mark))))
}

/** The server evaluates a model of this size for longer than it averages it, so two rounds must do. */
async function measureTraining(): Promise<void> {
  const flags = ['--trainer', 'sgd', '--local-steps', '1', '--batch-size', '1', '--rounds', '2']
  for (const [algorithm, name, formula, sets] of [
    ['fedavg', 'FedAvg client', '2 M', 2],
    ['scaffold', 'SCAFFOLD client', '5 M', 5],
    ['cyclic', 'Cyclic client', '2 M', 2],
    ['swarm', 'Swarm peer', '3 M, or (1 + R) M when it aggregates', 3],
  ] as const) {
    const marks = await runJob({ algorithm, participants: 2 }, flags)
    const own = marks.filter(({ role }) => role === 'client' || role === 'peer')
    add(`${name} that really trains`, formula, sets, Math.max(...own.map((mark) => mark.peakBytes ?? Number.NaN)))
  }
}

async function runJob({ algorithm, participants }: Job, flags: string[]): Promise<RoundMark[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-bench-'))
  const file = join(folder, 'marks.ndjson')
  writeFileSync(file, '')
  const isSwarm = algorithm === 'swarm'
  const job = ['--model-size', '100MiB', '--clients', String(participants), ...flags]
  const hub = isSwarm
    ? start(['coordinator', ...job], file)
    : start(
        ['server', '--algorithm', algorithm, '--aggregation', 'buffered', '--server-memory-gc-rounds', '1', ...job],
        file,
      )
  try {
    const url = await serverUrl(file, hub)
    const own = isSwarm ? ['peer', '--coordinator', url] : ['client', '--server', url, '--client-memory-gc-rounds', '1']
    const others = Array.from({ length: participants }, (_, i) => start([...own, '--name', `site-${i + 1}`], file))
    for (const role of [hub, ...others]) await ended(role)
    return readMarks(file).filter((mark: Mark): mark is RoundMark => mark.mark === 'round')
  } finally {
    hub.kill()
    rmSync(folder, { recursive: true })
  }
}

function add(role: string, formula: string, sets: number, peakBytes: number): void {
  rows.push({ role, formula, sets, peakBytes })
  console.error(`${role}: ${mib(peakBytes)} MiB`)
}

/** Whether all goals are met. */
function report(): boolean {
  console.log(`${cpus().length} cores, Node ${process.version}, M = 100 MiB, cleanup every round, buffered\n`)
  console.log('| role | formula | in M | limit, M | highest exact peak, M | MiB | within |')
  console.log('| --- | --- | --- | --- | --- | --- | --- |')
  const isWithin = ({ sets, peakBytes }: Row) => peakBytes <= sets * MODEL_BYTES + ALLOWANCE_BYTES
  for (const row of rows) {
    const limit = row.sets + ALLOWANCE_BYTES / MODEL_BYTES
    const peak = (row.peakBytes / MODEL_BYTES).toFixed(2)
    const cells = [row.role, row.formula, row.sets, limit.toFixed(1), peak, mib(row.peakBytes)]
    console.log(`| ${[...cells, isWithin(row) ? 'yes' : 'no'].join(' | ')} |`)
  }
  const met = rows.filter(isWithin).length
  console.log(`\ngoal: each peak within 0.5 M + 60 MiB of its formula; ${met} of ${rows.length}`)
  const isCyclicFlat = cyclicSpread === undefined || cyclicSpread <= CYCLIC_SPREAD
  if (cyclicSpread !== undefined)
    console.log(
      `goal: Cyclic's server with 2 and with 8 clients within ${CYCLIC_SPREAD} M; ${cyclicSpread.toFixed(2)} M, ${isCyclicFlat ? 'met' : 'missed'}`,
    )
  return met === rows.length && isCyclicFlat
}
