/**
 * Records the programs of bench/verdict/programs with Tidemark, and writes their end RSS by round to
 * bench/verdict/programs/series.json: real processes whose truth is known, for bench/verdict/judge-programs.ts.
 *
 *     node scripts/build.mjs && npx jiti bench/verdict/record-programs.ts [recordings of each program, 6] [rounds, 60] [file [kinds]]
 *
 * kinds-services.json names other programs, written when the method stood: with series-services.json as the file they are the check.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MIB } from '../../src/shared/units.js'

export interface RecordedSeries {
  program: string
  seed: number
  truth: 'grows' | 'bounded' | 'still-filling'
  id: string
  /** End RSS in MiB. */
  rss: number[]
}

const PROGRAMS = fileURLToPath(new URL('programs', import.meta.url))
const TIDEMARK = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const each = Number(process.argv[2] ?? 6)
const rounds = Number(process.argv[3] ?? 60)
const file = process.argv[4] ?? join(PROGRAMS, 'series.json')

const kindsFile = process.argv[5] ?? join(PROGRAMS, 'kinds.json')

const folder = mkdtempSync(join(tmpdir(), 'verdict-programs-'))
const kinds = JSON.parse(readFileSync(kindsFile, 'utf8')) as Record<RecordedSeries['truth'], Record<string, string[]>>
const series: RecordedSeries[] = []
for (const [truth, programs] of Object.entries(kinds)) {
  for (const [program, names] of Object.entries(programs)) {
    const command = commandOf(program)
    for (const kind of names) {
      for (let seed = 1; seed <= each; seed++) {
        series.push(recorded(truth as RecordedSeries['truth'], kind, seed, [...command, kind]))
      }
    }
  }
}
rmSync(folder, { recursive: true })
writeFileSync(file, `[\n${series.map((one) => JSON.stringify(one)).join(',\n')}\n]\n`)

function commandOf(program: string): string[] {
  const source = join(PROGRAMS, program)
  if (program.endsWith('.py')) return ['python3', source]
  if (program.endsWith('.mjs')) return [process.execPath, source]
  const compiled = join(folder, program.replace('.c', ''))
  execFileSync('cc', ['-O1', '-pthread', source, '-o', compiled])
  return [compiled]
}

function recorded(truth: RecordedSeries['truth'], kind: string, seed: number, command: string[]): RecordedSeries {
  const program = [...command, String(seed), String(rounds)]
  const out = ['--out', join(folder, 'recording'), '--force']
  const { stderr } = spawnSync(process.execPath, [TIDEMARK, 'run', '--json', '--rate', '5', ...out, '--', ...program])
  const { rounds: ended } = JSON.parse(
    stderr
      .toString()
      .split('\n')
      .find((line) => line.startsWith('{'))!,
  ) as { rounds: { round: number; end: { rssBytes: number } }[] }
  const rss = ended.map(({ end }) => Math.round((end.rssBytes / MIB) * 100) / 100)
  return { program: kind, seed, truth, id: `${kind}-${seed}`, rss }
}
