/**
 * What a spooled server holds in memory and how fast it is. Everything through the command line; the echo clients are those
 * of Tidemark, each a process of its own.
 *
 *     npm run build && npx jiti bench/spooled.ts [row ...]
 *
 * Rows: small (100 MiB x 2), large4 (1 GiB x 4), many (16 MiB x 64), tls (100 MiB x 2 with TLS), slope (300 rounds of 16 MiB).
 * Goals (an issue of the project sets them): small at most 110 MiB and 0.55 s a round, large4 at most 128 MiB, many at most 150 MiB
 * with the slowest client at most 3 times the median, tls at most 2.5 times small, slope `stable`.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import type { RoundMark } from '../src/marks.js'
import { mib } from '../src/units.js'
import { analyzeRounds } from '../src/verdict/analyze-rounds.js'
import { ended, median, readMarks, serverUrl, start } from './job.js'

interface Row {
  size: string
  clients: number
  rounds: number
  tls?: true
}

const ROWS: Record<string, Row> = {
  small: { size: '100MiB', clients: 2, rounds: 100 },
  large4: { size: '1GiB', clients: 4, rounds: 2 },
  many: { size: '16MiB', clients: 64, rounds: 4 },
  tls: { size: '100MiB', clients: 2, rounds: 20, tls: true },
  slope: { size: '16MiB', clients: 2, rounds: 300 },
}

/** Rounds that are left out of the medians, while compiled code settles. */
const WARM_UP = 1

const asked = process.argv.slice(2)
console.log(`${cpus().length} cores, Node ${process.version}\n`)
console.log(
  '| row | peak of round 1, last, highest (MiB) | s a round (median, slowest) | end RSS by quarter (MiB) | slowest client / median | shape |',
)
console.log('| --- | --- | --- | --- | --- | --- |')
for (const [name, row] of Object.entries(ROWS))
  if (asked.length === 0 || asked.includes(name)) console.log(await measure(name, row))

async function measure(name: string, { size, clients, rounds, tls }: Row): Promise<string> {
  const folder = mkdtempSync('/var/tmp/tidemark-bench-')
  const marksFile = join(folder, 'marks.ndjson')
  writeFileSync(marksFile, '')
  const { serverFlags, clientFlags } = tls === true ? certificates(folder) : { serverFlags: [], clientFlags: [] }
  const job = ['--trainer', 'echo', '--model-size', size, '--rounds', String(rounds), '--clients', String(clients)]
  const rules = ['--min-clients', String(clients), '--join-deadline', '3m', '--round-deadline', '10m']
  const server = start(['server', ...job, ...rules, '--spool-dir', join(folder, 'spool'), ...serverFlags], marksFile)
  try {
    const url = await serverUrl(marksFile, server)
    const roles = Array.from({ length: clients }, (_, i) =>
      start(['client', '--server', url, '--name', `site-${i + 1}`, ...clientFlags], marksFile),
    )
    for (const role of [server, ...roles]) await ended(role)
    const all = readMarks(marksFile).filter((mark): mark is RoundMark => mark.mark === 'round')
    return rowOf(`${name}: ${size} x ${clients}, ${rounds} rounds`, all)
  } finally {
    server.kill()
    rmSync(folder, { recursive: true })
  }
}

function rowOf(name: string, all: RoundMark[]): string {
  const own = all.filter((mark) => mark.role === 'server')
  const peaks = own.map((mark) => mark.peakBytes ?? Number.NaN)
  const seconds = own.slice(WARM_UP).map(secondsOf)
  const quarter = Math.ceil(own.length / 4)
  const ends = [0, 1, 2, 3].map((i) => own.slice(i * quarter, (i + 1) * quarter).map((mark) => mark.end.rssBytes))
  const slowest = own.slice(WARM_UP).map(({ round }) => {
    const each = all.filter((mark) => mark.role === 'client' && mark.round === round).map(secondsOf)
    return Math.max(...each) / median(each)
  })
  const cells = [
    name,
    `${mib(peaks[0]!)}, ${mib(peaks.at(-1)!)}, ${mib(Math.max(...peaks))}`,
    `${median(seconds).toFixed(2)}, ${Math.max(...seconds).toFixed(2)}`,
    ends.map((values) => (values.length === 0 ? '-' : mib(median(values)))).join(', '),
    Math.max(...slowest).toFixed(2),
    analyzeRounds(own.map((mark) => mark.end.rssBytes)).shape,
  ]
  return `| ${cells.join(' | ')} |`
}

function secondsOf(mark: RoundMark): number {
  return (mark.timeMs - mark.startedMs) / 1000
}

function certificates(folder: string): { serverFlags: string[]; clientFlags: string[] } {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const names = ['-subj', '/CN=bench', '-addext', 'subjectAltName=IP:127.0.0.1']
  execFileSync('openssl', ['req', '-x509', ...ec, ...names, '-keyout', key, '-out', cert], { stdio: 'pipe' })
  return { serverFlags: ['--tls-cert', cert, '--tls-key', key], clientFlags: ['--tls-ca', cert] }
}
