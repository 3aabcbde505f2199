/**
 * `tidemark run --heap-diff` beside `memray run --aggregate` and memray's own reports, on the same five programs in one run. Prints Markdown:
 *
 *     npm run build && npx jiti bench/heap/against-memray.ts PYTHON > bench/results/heap-against-memray.md
 *
 * PYTHON is one that can import memray, as that of scripts/frameworks.sh.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { HeapGrowth } from '../../src/recording/heap/heap-growth.js'
import { MIB } from '../../src/shared/units.js'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const PROGRAM = at('../../dist/cli/main.js')
const FIXTURES = at('../../test/fixtures/heap/')
const [python = 'python3'] = process.argv.slice(2)

/** Long enough to be more than the start of an interpreter; the last is a program without a leak. */
const ROUNDS = '40'
const PROGRAMS = [
  ['leaks.py', 'list_of_dicts'],
  ['leaks.py', 'dict_of_arrays'],
  ['leaks.py', 'one_of_four_workers'],
  ['leaks.py', 'pandas_frames'],
  ['well.py', 'late_start_up'],
] as const

interface Ran {
  seconds: number
  stdout: string
  stderr: string
}

function run(program: string, args: string[], folder: string): Ran {
  const began = performance.now()
  const { stdout, stderr, status } = spawnSync(program, args, {
    encoding: 'utf8',
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1', COLUMNS: '200', TERM: 'dumb' },
    maxBuffer: 2 ** 28,
  })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: exit code ${status}\n${stderr}`)
  return { seconds: (performance.now() - began) / 1000, stdout, stderr }
}

function trueLine(file: string, name: string): number | null {
  const index = readFileSync(join(FIXTURES, file), 'utf8')
    .split('\n')
    .findIndex((line) => line.endsWith(`# leak: ${name}`))
  return index < 0 ? null : index + 1
}

/** The rows of `memray table --leaks`, which the page holds as JSON: what was never freed, the most bytes first. */
const ROWS = [
  'import json, re, sys',
  'page = open(sys.argv[1], encoding="utf-8").read()',
  String.raw`rows = json.loads(re.search(r"const packed_data = (\[.*?\]);?\n", page, re.S).group(1))`,
  'rows.sort(key=lambda row: -row["size"])',
  'print(json.dumps([[row["size"], row["stack_trace"]] for row in rows]))',
].join('\n')

const seconds = (value: number) => value.toFixed(1)
const plain = (html: string) => html.replaceAll(/<[^>]+>/g, '').trim()
const ask = (...args: string[]) => run(python, args, '.').stdout.trim()

console.log(
  [
    "# `--heap-diff` beside memray's own reports",
    '',
    `Made by \`npx jiti bench/heap/against-memray.ts PYTHON\` in one run, Node ${process.version}, ${ask('-V')}, memray ${ask('-c', 'import memray; print(memray.__version__)')}: ${ROUNDS} rounds of each`,
    'program of test/fixtures/heap. Tidemark measures rounds 20 to 40 with memray inside, in one command. The way of memray is `memray run --aggregate`',
    '(with `--follow-fork`, since one program forks) and then `memray table --leaks`, `memray flamegraph --leaks` and `memray summary` for each',
    'file that it wrote; `memray stats` takes no aggregated file.',
    '',
  ].join('\n'),
)

const table: string[] = []
const details: string[] = []
for (const [file, name] of PROGRAMS) {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-against-memray-'))
  const script = join(FIXTURES, file)
  const line = trueLine(file, name)
  const bare = run(python, [script, name, ROUNDS], folder)
  const own = run(
    process.execPath,
    [PROGRAM, 'run', '--heap-diff', '20', '--out', 'recording', '--', python, script, name, ROUNDS],
    folder,
  )
  const [growth] = JSON.parse(readFileSync(join(folder, 'recording/heap-growth.json'), 'utf8')) as [HeapGrowth]
  const text = own.stderr.slice(own.stderr.search(/^(What|Nothing) grew/m)).trim()

  const memray = (...args: string[]) => run(python, ['-m', 'memray', ...args], folder)
  const recorded = memray('run', '--aggregate', '--follow-fork', '-q', '-o', 'own.bin', script, name, ROUNDS)
  const files = readdirSync(folder).filter((one) => one.startsWith('own.bin'))
  let reports = 0
  let steps = 1
  const places: string[] = []
  const unreadable = new Set<string>()
  for (const one of files)
    for (const report of ['table', 'flamegraph', 'summary'] as const) {
      const isPage = report === 'table' || report === 'flamegraph'
      const args = isPage ? ['--leaks', '-f', '-o', `${one}.${report}.html`] : []
      steps++
      try {
        reports += memray(report, ...args, one).seconds
      } catch {
        // An aggregated file is written when its process ends, and a worker that is killed writes none.
        unreadable.add(one)
        continue
      }
      if (report !== 'table') continue
      const rows = JSON.parse(run(python, ['-c', ROWS, `${one}.table.html`], folder).stdout) as [number, string][]
      const rank = rows.findIndex(([, place]) => plain(place).endsWith(`${file}:${line}`))
      const total = rows.reduce((sum, [size]) => sum + size, 0)
      const first = rows[0]
      if (line !== null && rank >= 0)
        places.push(
          `${rank + 1} of ${rows.length} rows, ${(rows[rank]![0] / MIB).toFixed(1)} of ${(total / MIB).toFixed(1)} MiB`,
        )
      else if (files.length === 1)
        places.push(
          `not in a row; the first is ${plain(first![1].replace(FIXTURES, ''))}, ${(first![0] / MIB).toFixed(1)} of ${(total / MIB).toFixed(1)} MiB`,
        )
    }
  if (unreadable.size > 0)
    places.push(
      `memray cannot read ${unreadable.size} of ${files.length} files, of workers that were killed at the end`,
    )
  const size = files.reduce((sum, one) => sum + statSync(join(folder, one)).size, 0)
  const ownPlace =
    growth.cause === null ? 'no cause' : `${basename(growth.cause.file ?? '')}:${growth.cause.line} is named`
  table.push(
    `| ${name}${line === null ? '' : `, ${file}:${line}`} | ${seconds(bare.seconds)} | 1 | ${seconds(own.seconds)} | ${ownPlace} | ${steps} | ${seconds(recorded.seconds)} + ${seconds(reports)} | ${places.join('; ') || 'not in a row'} | ${(size / MIB).toFixed(1)} |`,
  )
  details.push(
    [`### ${name}`, '', '```text', text.replaceAll(folder, '.').replaceAll(FIXTURES, ''), '```', ''].join('\n'),
  )
  rmSync(folder, { recursive: true, force: true })
}
console.log(
  [
    '| program and its leak | bare, s | steps | Tidemark, s | what it tells | steps | memray, s: run + reports | the leak in `memray table --leaks` | files, MiB |',
    '| --- | ---: | ---: | ---: | --- | ---: | ---: | --- | ---: |',
    ...table,
    '',
    'A step is a command, a report for each file included. The table of memray has every stack that was never freed at the end of the program, imports and',
    'caches included, by the innermost Python line; nothing in it says what grew from one round to the next, or how much of RSS it explains. Its flame graph has',
    'the whole stacks of the same bytes. What Tidemark printed:',
    '',
    ...details,
  ].join('\n'),
)
