/**
 * Which line `--heap-diff` names for each planted leak of test/fixtures/heap, and how the growth of RSS is split. Prints Markdown:
 *
 *     npm run build && npx jiti bench/heap/leaks.ts [--only NAME,...] PYTHON ... > bench/results/heap-leaks.md
 *
 * Each Python is one column: with memray where it can import it, else with tracemalloc. Each program runs twice, with marks of its own
 * and with rounds found in its log.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { HeapGrowth } from '../../src/recording/heap/heap-growth.js'
import { MIB } from '../../src/shared/units.js'
import { Goals } from '../support/goals.js'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const PROGRAM = at('../../dist/cli/main.js')
const FIXTURES = at('../../test/fixtures/heap/')
const { values, positionals: pythons } = parseArgs({ options: { only: { type: 'string' } }, allowPositionals: true })
const only = values.only?.split(',')

interface Planted {
  file: string
  name: string
  /** The line that leaks; null for a program without a leak. */
  line: number | null
}

const planted: Planted[] = [
  ...['leaks.py', 'more_leaks.py'].flatMap((file) =>
    readFileSync(join(FIXTURES, file), 'utf8')
      .split('\n')
      .flatMap((text, index) => {
        const name = /# leak: (\w+)$/.exec(text)?.[1]
        return name === undefined ? [] : [{ file, name, line: index + 1 }]
      }),
  ),
  ...[...readFileSync(join(FIXTURES, 'well.py'), 'utf8').matchAll(/^def (\w+)\(round_number\)/gm)].map((match) => ({
    file: 'well.py',
    name: match[1]!,
    line: null,
  })),
].filter(({ name }) => only === undefined || only.includes(name))

interface Seen {
  verdict: string
  isRight: boolean
  growth: HeapGrowth | undefined
}

function run(python: string, { file, name, line }: Planted, way: 'marks' | 'log'): Seen {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-heap-'))
  const script = join(FIXTURES, file)
  const rounds = way === 'marks' ? [] : ['--rounds-end', 'round (\\d+) done']
  const out = join(folder, 'recording')
  const { stderr, status } = spawnSync(
    process.execPath,
    [PROGRAM, 'run', '--heap-diff', '5', ...rounds, '--out', out, '--', python, script, name],
    {
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1', ...(way === 'log' && { LOG_ONLY: '1', PAUSE: '0.1' }) },
    },
  )
  let growth: HeapGrowth | undefined
  try {
    growth = (JSON.parse(readFileSync(join(out, 'heap-growth.json'), 'utf8')) as HeapGrowth[])[0]
  } catch {}
  rmSync(folder, { recursive: true, force: true })
  if (status !== 0 || growth === undefined) {
    process.stderr.write(`${name}, ${way}: exit code ${status}\n${stderr}\n`)
    return { verdict: /No module named '\w+'/.exec(stderr)?.[0] ?? 'failed', isRight: false, growth }
  }
  const [first] = growth.lines
  const place = first === undefined ? 'no line' : `${basename(first.file ?? '')}:${first.line}`
  if (line === null)
    return growth.cause === null
      ? { verdict: 'no cause', isRight: true, growth }
      : { verdict: `**false cause** ${place}`, isRight: false, growth }
  const isTrue = first?.file === script && first.line === line
  const saysNot = stderr.includes('The growth is not in Python lines')
  const verdict = isTrue
    ? growth.cause === null
      ? `true line first, ${saysNot ? 'said not to be in lines' : 'no cause'}`
      : 'true line'
    : saysNot
      ? 'not in Python lines'
      : `**missed**, first ${place}`
  return { verdict, isRight: isTrue, growth }
}

const mib = (bytes: number | null | undefined) => (bytes == null ? '?' : (bytes / MIB).toFixed(1))
const unexplained = ({ restBytes, ownBytes }: HeapGrowth) => restBytes - ownBytes
const isSmall = (growth: HeapGrowth) =>
  Math.abs(unexplained(growth)) <= Math.max(MIB, 0.05 * Math.abs(growth.rssGrowthBytes))

console.log(`# The planted leaks, and which lines are named

Made by \`npx jiti bench/heap/leaks.ts PYTHON ...\`, Node ${process.version}. Each program of test/fixtures/heap ran once with marks of its own and once with
rounds found in its log, with \`--heap-diff 5\`. The parts are those of the run with marks, in MiB; "rest" is what nothing measured explains,
without the memory of the engine, which stands beside it.`)

const goals = new Goals()
for (const python of pythons) {
  const version = spawnSync(python, ['-V'], { encoding: 'utf8' }).stdout.trim()
  const seen: { one: Planted; marks: Seen; log: Seen }[] = []
  for (const one of planted) {
    seen.push({ one, marks: run(python, one, 'marks'), log: run(python, one, 'log') })
    process.stderr.write(`${one.name}: ${seen.at(-1)!.marks.verdict}; ${seen.at(-1)!.log.verdict}\n`)
  }
  const engine = seen.find(({ marks }) => marks.growth)?.marks.growth?.engine ?? 'none'
  console.log(`\n## ${engine}, ${version}

| program | by marks | by its log | RSS grew | lines | native | kept | rest | engine |
| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |`)
  for (const { one, marks, log } of seen) {
    const { growth } = marks
    const parts =
      growth === undefined
        ? ['', '', '', '', '', '']
        : [
            mib(growth.rssGrowthBytes),
            mib(growth.lineBytes),
            mib(growth.nativeBytes),
            mib(growth.retainedBytes),
            `${mib(unexplained(growth))}${isSmall(growth) ? '' : ' (!)'}`,
            mib(growth.ownBytes),
          ]
    console.log(`| ${one.name} | ${marks.verdict} | ${log.verdict} | ${parts.join(' | ')} |`)
  }
  for (const way of ['marks', 'log'] as const)
    for (const [file, most] of [
      ['leaks.py', engine === 'memray' ? 0.95 : 0.8],
      ['more_leaks.py', engine === 'memray' ? 0.95 : 0.8],
    ] as const) {
      const runs = seen.filter(({ one, marks }) => one.file === file && !marks.verdict.startsWith('No module'))
      const right = runs.filter((one) => one[way].isRight).length
      const silent = runs.filter((one) => !one[way].isRight && one[way].verdict === 'not in Python lines').length
      goals.add(
        `${engine}, ${file}, by ${way}: the true line is first in ${100 * most} %, and the rest say that it is in no line`,
        `${right} of ${runs.length}, and ${silent} say so`,
        right >= most * runs.length && right + silent === runs.length,
      )
    }
  const well = seen.filter(({ one }) => one.line === null)
  const falsely = well.filter(({ marks, log }) => !marks.isRight || !log.isRight).length
  goals.add(`${engine}: no program without a leak is given a cause`, `${falsely} of ${well.length} are`, falsely === 0)
  const grown = seen.flatMap(({ marks: { growth } }) => (growth === undefined ? [] : [growth]))
  const small = grown.filter(isSmall).length
  goals.add(
    `${engine}: the rest is at most 5 % of the growth or 1 MiB`,
    `${small} of ${grown.length}`,
    small === grown.length,
  )
}
goals.print()
