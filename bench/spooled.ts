/**
 * What a spooled server holds in memory and how fast it is, held against goals. Everything through the command line; the echo
 * clients are those of Tidemark, each a process of its own.
 *
 *     npm run build && npx jiti bench/spooled.ts [row ...]
 *
 * Rows: small (100 MiB x 2, 100 rounds, and the same of a bare server), large4 (1 GiB x 4), large8 (1 GiB x 8, and a bare HTTP sink for the same bytes), many
 * (16 MiB x 64), tls (100 MiB x 2 with TLS and without), slope (300 rounds of 16 MiB), peer (a swarm of four peers that spool, 100 MiB),
 * container (small for 20 rounds, the server limited to 256 MiB with its page cache; needs root and cgroups). Exit code 1 where a goal is missed.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { join } from 'node:path'
import type { RoundMark } from '../src/shared/marks.js'
import { MIB, mib } from '../src/shared/units.js'
import { analyzeRounds } from '../src/verdict/shape/analyze-rounds.js'
import { ended, median, readMarks, serverUrl, start } from './job.js'
import { bareRoundSeconds } from './support/bare-server.js'
import { sinkSeconds } from './support/http-sink.js'
import { type MemoryLimit, openMemoryLimit } from './support/memory-limit.js'

interface Row {
  size: string
  clients: number
  rounds: number
  tls?: true
  limit?: MemoryLimit
}

interface Goal {
  goal: string
  measured: string
  isMet: boolean
}

const GIB = 2 ** 30

/** Rounds that are left out of the times, while compiled code settles. */
const WARM_UP = 1

/** A machine may be shared and slow: so the time is a share of that of the same rounds without any check, in the same run. */
const MOST_OF_BARE = 0.6

const ROWS: Record<string, () => Promise<Goal[]>> = {
  small: async () => {
    const job = await run('small', { size: '100MiB', clients: 2, rounds: 100 })
    const [first, last] = [job.peaks[0]!, job.peaks.at(-1)!]
    return [
      peakGoal(job, 110),
      {
        goal: 'the same peak in round 1 and in round 100: within 5 %',
        measured: `${mib(first)} and ${mib(last)} MiB`,
        isMet: Math.abs(last / first - 1) <= 0.05,
      },
      await bareGoal(job, 100 * MIB),
    ]
  },
  large4: async () => [peakGoal(await run('large4', { size: '1GiB', clients: 4, rounds: 2 }), 128)],
  large8: async () => {
    const clients = 8
    const job = await run('large8', { size: '1GiB', clients, rounds: 3 })
    const folder = mkdtempSync('/var/tmp/tidemark-bench-')
    const sink = (clients * GIB) / (await sinkSeconds({ folder, clients, bytes: GIB }))
    rmSync(folder, { recursive: true })
    const [oneWay, bothWays] = [1, 2].map((ways) => (ways * clients * GIB) / median(job.seconds)) as [number, number]
    const rate = (bytes: number) => `${(bytes / MIB).toFixed(0)} MiB/s, ${((100 * bytes) / sink).toFixed(0)} %`
    return [
      peakGoal(job, 128),
      {
        goal: `bytes a second, to and from clients, at least 50 % of the ${(sink / MIB).toFixed(0)} MiB/s of a bare sink`,
        measured: `${rate(bothWays)} (results alone: ${rate(oneWay)})`,
        isMet: bothWays >= sink / 2,
      },
    ]
  },
  many: async () => {
    const job = await run('many', { size: '16MiB', clients: 64, rounds: 4 })
    const slowest = Math.max(...job.slowest)
    return [
      peakGoal(job, 150),
      {
        goal: 'slowest client at most 3 times the median',
        measured: `${slowest.toFixed(2)} times`,
        isMet: slowest <= 3,
      },
    ]
  },
  tls: async () => {
    const plain = await run('without TLS', { size: '100MiB', clients: 2, rounds: 20 })
    const tls = await run('tls', { size: '100MiB', clients: 2, rounds: 20, tls: true })
    const ratio = median(tls.seconds) / median(plain.seconds)
    return [
      peakGoal(tls, 90),
      { goal: 'at most 1.8 times the time without TLS', measured: ratio.toFixed(2), isMet: ratio <= 1.8 },
    ]
  },
  peer: async () => {
    const bytes = 100 * MIB
    const peers = 4
    const peak = await aggregatingPeak(peers, 2 * peers)
    const most = 3.5 * bytes + 60 * MIB
    return [
      {
        goal: `a peer adds up ${peers} results in files: peak at most 3 M + 0.5 M + 60 MiB = ${mib(most)} MiB (in memory: ${1 + peers} M)`,
        measured: `${mib(peak)} MiB, ${(peak / bytes).toFixed(2)} M`,
        isMet: peak <= most,
      },
    ]
  },
  container: async () => {
    const limit = openMemoryLimit(256 * MIB)
    if (limit === undefined) return []
    const job = await run('container', { size: '100MiB', clients: 2, rounds: 20, limit })
    const { peakBytes, hits } = limit.read()
    limit.remove()
    return [
      {
        goal: 'under a limit of 256 MiB, page cache included, all rounds commit',
        measured: `${job.peaks.length} rounds; the limit's peak ${mib(peakBytes)} MiB, hit ${hits} times, RSS at most ${mib(Math.max(...job.peaks))} MiB`,
        isMet: job.peaks.length === 20,
      },
    ]
  },
  slope: async () => {
    const { shape } = await run('slope', { size: '16MiB', clients: 2, rounds: 300 })
    return [{ goal: 'RSS over 300 rounds without cleanup: stable', measured: shape, isMet: shape === 'stable' }]
  },
}

const asked = process.argv.slice(2)
const unknown = asked.find((name) => ROWS[name] === undefined)
if (unknown !== undefined) throw new Error(`there is no row "${unknown}"; these are: ${Object.keys(ROWS).join(', ')}`)

console.log(`${cpus().length} cores (${cpus()[0]?.model.trim()}), Linux ${release()}, Node ${process.version}\n`)
console.log(
  '| row | peak of round 1, last, highest (MiB) | s a round (median, slowest) | end RSS by quarter (MiB) | slowest client / median | shape |',
)
console.log('| --- | --- | --- | --- | --- | --- |')
const goals: string[] = []
for (const [name, measure] of Object.entries(ROWS)) {
  if (asked.length > 0 && !asked.includes(name)) continue
  for (const { goal, measured, isMet } of await measure()) {
    goals.push(`| ${name} | ${goal} | ${measured} | ${isMet ? 'met' : 'missed'} |`)
    if (!isMet) process.exitCode = 1
  }
}
console.log(`\n| row | goal | measured | |\n| --- | --- | --- | --- |\n${goals.join('\n')}`)

interface Measured {
  /** By round. */
  peaks: number[]
  /** Without the first. */
  seconds: number[]
  /** By round without the first: the slowest client's time over the median client's. */
  slowest: number[]
  shape: string
}

async function run(name: string, { size, clients, rounds, tls, limit }: Row): Promise<Measured> {
  const folder = mkdtempSync('/var/tmp/tidemark-bench-')
  const marksFile = join(folder, 'marks.ndjson')
  writeFileSync(marksFile, '')
  const { serverFlags, clientFlags } = tls === true ? certificates(folder) : { serverFlags: [], clientFlags: [] }
  const job = ['--trainer', 'echo', '--model-size', size, '--rounds', String(rounds), '--clients', String(clients)]
  const rules = ['--min-clients', String(clients), '--join-deadline', '3m', '--round-deadline', '10m']
  const server = start(['server', ...job, ...rules, '--spool-dir', join(folder, 'spool'), ...serverFlags], marksFile)
  limit?.add(server.pid!)
  try {
    const url = await serverUrl(marksFile, server)
    const roles = Array.from({ length: clients }, (_, i) =>
      start(['client', '--server', url, '--name', `site-${i + 1}`, ...clientFlags], marksFile),
    )
    for (const role of [server, ...roles]) await ended(role)
    const all = readMarks(marksFile).filter((mark): mark is RoundMark => mark.mark === 'round')
    return report(`${name}: ${size} x ${clients}, ${rounds} rounds`, all)
  } finally {
    server.kill()
    rmSync(folder, { recursive: true })
  }
}

/** The highest peak of a swarm's peers in rounds that they added up themselves. */
async function aggregatingPeak(peers: number, rounds: number): Promise<number> {
  const folder = mkdtempSync('/var/tmp/tidemark-bench-')
  const marksFile = join(folder, 'marks.ndjson')
  writeFileSync(marksFile, '')
  const job = ['--trainer', 'echo', '--model-size', '100MiB', '--rounds', String(rounds), '--clients', String(peers)]
  const coordinator = start(['coordinator', ...job], marksFile)
  try {
    const url = await serverUrl(marksFile, coordinator)
    const roles = Array.from({ length: peers }, (_, i) => {
      const spool = ['--aggregation', 'spooled', '--spool-dir', join(folder, `spool-${i + 1}`)]
      return start(['peer', '--coordinator', url, '--name', `site-${i + 1}`, ...spool], marksFile)
    })
    for (const role of [coordinator, ...roles]) await ended(role)
    const own = readMarks(marksFile).filter(
      (mark): mark is RoundMark => mark.mark === 'round' && mark.role === 'peer' && mark.aggregator === mark.name,
    )
    return Math.max(...own.map((mark) => mark.peakBytes ?? Number.NaN))
  } finally {
    coordinator.kill()
    rmSync(folder, { recursive: true })
  }
}

/** Prints the row of the table. */
function report(name: string, all: RoundMark[]): Measured {
  const own = all.filter((mark) => mark.role === 'server')
  const peaks = own.map((mark) => mark.peakBytes ?? Number.NaN)
  const seconds = own.slice(WARM_UP).map(secondsOf)
  const quarter = Math.ceil(own.length / 4)
  const ends = [0, 1, 2, 3].map((i) => own.slice(i * quarter, (i + 1) * quarter).map((mark) => mark.end.rssBytes))
  const slowest = own.slice(WARM_UP).map(({ round }) => {
    const each = all.filter((mark) => mark.role === 'client' && mark.round === round).map(secondsOf)
    return Math.max(...each) / median(each)
  })
  const { shape } = analyzeRounds(own.map((mark) => mark.end.rssBytes))
  const cells = [
    name,
    `${mib(peaks[0]!)}, ${mib(peaks.at(-1)!)}, ${mib(Math.max(...peaks))}`,
    `${median(seconds).toFixed(2)}, ${Math.max(...seconds).toFixed(2)}`,
    ends.map((values) => (values.length === 0 ? '-' : mib(median(values)))).join(', '),
    Math.max(...slowest).toFixed(2),
    shape,
  ]
  console.log(`| ${cells.join(' | ')} |`)
  return { peaks, seconds, slowest, shape }
}

function secondsOf(mark: RoundMark): number {
  return (mark.timeMs - mark.startedMs) / 1000
}

function peakGoal({ peaks }: Measured, mostMib: number): Goal {
  const highest = Math.max(...peaks)
  return {
    goal: `peak of every round at most ${mostMib} MiB`,
    measured: `${mib(highest)} MiB`,
    isMet: highest <= mostMib * MIB,
  }
}

async function bareGoal({ seconds }: Measured, bytes: number): Promise<Goal> {
  const bare = median((await bareRoundSeconds({ bytes, rounds: 20 })).slice(WARM_UP))
  const ours = median(seconds)
  return {
    goal: `at most ${MOST_OF_BARE} of the ${bare.toFixed(2)} s of a bare server of Node without checks (bench/support/bare-server.ts) in the same run`,
    measured: `${ours.toFixed(2)} s, ${(ours / bare).toFixed(2)} times`,
    isMet: ours <= MOST_OF_BARE * bare,
  }
}

function certificates(folder: string): { serverFlags: string[]; clientFlags: string[] } {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const names = ['-subj', '/CN=bench', '-addext', 'subjectAltName=IP:127.0.0.1']
  execFileSync('openssl', ['req', '-x509', ...ec, ...names, '-keyout', key, '-out', cert], { stdio: 'pipe' })
  return { serverFlags: ['--tls-cert', cert, '--tls-key', key], clientFlags: ['--tls-ca', cert] }
}
