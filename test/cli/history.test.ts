import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { afterAll, describe, expect, test } from 'vitest'
import type { HistoryEntry } from '../../src/comparison/history/history-entry.js'
import type { HistorySeries } from '../../src/comparison/history/series.js'
import { MIB } from '../../src/shared/units.js'
import { gateRepository } from '../git-repository.js'
import { needs } from '../optional-parts.js'
import { randomDraws } from '../statistics/random-draws.js'
import { runTidemark } from '../tidemark.js'

const root = mkdtempSync(join(tmpdir(), 'tidemark-test-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const repository = gateRepository(join(root, 'project'))
const FILE = join(root, 'history.ndjson')
const history = (...args: string[]) =>
  runTidemark(['history', ...args], { cwd: repository.folder, env: { GIT_CONFIG_GLOBAL: '/dev/null' } })
const entriesIn = (file: string) =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as HistoryEntry)

describe('tidemark history', () => {
  test('add appends what a comparison of refs measured, with commit and machine, to a file or to notes', async () => {
    const env = { XDG_CACHE_HOME: join(root, 'cache') }
    const args = ['compare', 'job.memory.json', '--refs', 'before,HEAD', '--trials', '1', '--out', 'results']
    const compared = await runTidemark(args, { cwd: repository.folder, env })
    expect(compared.code, compared.stderr).toBe(0)
    const added = await history('add', 'results', '--file', FILE)
    expect(added.code, added.stderr).toBe(0)
    expect(added.stdout).toBe(`Added 2 measurements of 2 commits to ${FILE}\n`)
    const [first] = entriesIn(FILE)
    expect(first).toMatchObject({
      commit: repository.git('rev-parse', 'before'),
      subject: 'Hold 40 MiB',
      name: 'job',
      setting: 'the job',
    })
    expect(first!.machine.cores).toBeGreaterThan(0)
    expect(first!.peakBytes[0]).toBeGreaterThan(40 * MIB)

    const noted = await history('add', 'results', '--notes')
    expect(noted.code, noted.stderr).toBe(0)
    expect(repository.git('notes', '--ref=tidemark', 'show', 'before')).toContain('"format":"tidemark-history/1"')
    const shown = await history('show', '--notes')
    expect(shown.code, shown.stderr).toBe(0)
    expect(shown.stdout).toMatch(
      /^job, the job: peak of the server on .*\n {2}2 measurements, now \d+\.\d MiB at [0-9a-f]{10}; no change point\n/,
    )
  })

  test('add takes its own file and the results for no change of the checkout, but takes others for one', async () => {
    const measured = await runTidemark(['compare', 'job.memory.json', '--trials', '1', '--out', 'measured'], {
      cwd: repository.folder,
    })
    expect(measured.code, measured.stderr).toBe(0)
    rmSync(join(repository.folder, 'results'), { recursive: true })
    for (let night = 1; night <= 2; night++) {
      const added = await history('add', 'measured', '--file', 'kept.ndjson')
      expect(added.code, added.stderr).toBe(0)
    }
    expect(entriesIn(join(repository.folder, 'kept.ndjson')).map(({ commit }) => commit)).toEqual([
      repository.git('rev-parse', 'HEAD'),
      repository.git('rev-parse', 'HEAD'),
    ])
    writeFileSync(join(repository.folder, 'other.txt'), '')
    const refused = await history('add', 'measured', '--file', 'kept.ndjson')
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('changes that are not committed') })
    for (const name of ['other.txt', 'kept.ndjson', 'measured'])
      rmSync(join(repository.folder, name), { recursive: true })
  })

  test('show finds the commit where the level shifted, and mixes no machines', async () => {
    const [example] = entriesIn(FILE)
    writeFileSync(FILE, linesOf(example!, 0))
    appendFileSync(
      FILE,
      linesOf({ ...example!, machine: { ...example!.machine, cores: 64, hostname: 'large' } }, 30 * MIB),
    )
    const { code, stdout, stderr } = await history('show', '--file', FILE, '--markdown', join(root, 'history.md'))
    expect(code, stderr).toBe(0)
    expect(stdout.match(/: peak of the server on /g)?.length).toBe(2)
    expect(stdout).toMatch(/rose \+2\.\d MiB \(\+2\.\d %\) to 10\d\.\d MiB in 0{37}013\.\.0{37}014|rose \+2\.\d MiB/)
    expect(readFileSync(join(root, 'history.md'), 'utf8')).toMatch(/^\| `0000000000` \| Change 20 \| /m)
    const { stdout: json } = await history('show', '--file', FILE, '--json')
    const series = JSON.parse(json) as HistorySeries[]
    expect(series.map(({ points, changes }) => [points.length, changes.map(({ at }) => at)])).toEqual([
      [40, [20]],
      [40, [20]],
    ])
  })

  test('plot draws it, and replaces nothing unasked', async () => {
    const out = join(root, 'history.svg')
    expect((await history('plot', '--file', FILE, '-o', out)).code).toBe(0)
    expect(readFileSync(out, 'utf8')).toContain('peak (MiB)')
    expect((await history('plot', '--file', FILE, '-o', out)).stderr).toContain('is already there')
  })

  test('export: github-action-benchmark and Bencher by their own schemas', async () => {
    const theirs = await history('export', '--file', FILE)
    const entries = v.parse(GITHUB_ACTION_BENCHMARK, JSON.parse(theirs.stdout))
    expect(entries[0]!.value).toBeGreaterThan(100 * MIB)
    const bencher = await history('export', '--file', FILE, '--format', 'bencher')
    const [benchmark] = Object.values(v.parse(BENCHER, JSON.parse(bencher.stdout)))
    expect(benchmark!['peak-bytes']!.value).toBeGreaterThan(100 * MIB)
  })

  test('export: apache/otava reads the table and finds the same change', needs('otava'), async () => {
    await history('export', '--file', FILE, '--format', 'otava', '-o', join(root, 'otava.csv'))
    const [, , column] = readFileSync(join(root, 'otava.csv'), 'utf8').split('\n')[0]!.split(',')
    writeFileSync(
      join(root, 'otava.yaml'),
      `tests:\n  memory:\n    type: csv\n    file: ${join(root, 'otava.csv')}\n    time_column: time\n    attributes: [commit]\n    metrics: [${column}]\n`,
    )
    const read = execFileSync('otava', ['analyze', 'memory', '--since', '1970-01-01'], {
      encoding: 'utf8',
      cwd: root,
      env: { ...process.env, OTAVA_CONFIG: join(root, 'otava.yaml') },
    })
    expect(read).toMatch(/\+2\.\d%/)
  })
})

describe('what has no place in a history is refused', () => {
  test.each<[string, string[], RegExp]>([
    ['another word', ['sho'], /found "sho", expected one of add, show, plot, export\n {2}Did you mean "show"\?/],
    ['no folder', ['add'], /nothing was named to add/],
    ['a file that is not there', ['show', '--file', '/nowhere'], /there is no history \/nowhere/],
    [
      'a line that is none',
      ['show', '--file', 'job.py'],
      /job\.py, line \d+: found import time, expected an entry of a history/,
    ],
    ['a folder beside show', ['show', 'results'], /found the folder "results"/],
  ])('%s', async (_, args, message) => {
    const { code, stderr } = await history(...args)
    expect(code, stderr).toBe(2)
    expect(stderr).toMatch(message)
  })

  test('a conflict of a merge says how to take both sides', async () => {
    const file = join(root, 'conflict.ndjson')
    writeFileSync(file, '<<<<<<< HEAD\n')
    const { code, stderr } = await history('show', '--file', file)
    expect(code).toBe(2)
    expect(stderr).toMatch(/Take both sides of the conflict/)
  })
})

/** Forty commits; from the twentieth on the peak is 2 MiB higher, of 100 with 0.3 of scatter. */
function linesOf(example: HistoryEntry, above: number): string {
  const random = randomDraws(above + 1)
  return Array.from({ length: 40 }, (_, place) => {
    const level = above + (place < 20 ? 100 : 102.5) * MIB
    const peakBytes = random.normals(3).map((one) => level + 0.3 * MIB * one)
    const commit = place.toString(16).padStart(40, '0')
    return `${JSON.stringify({ ...example, commit, subject: `Change ${place}`, committedMs: 1e12 + place * 1000, peakBytes })}\n`
  }).join('')
}

/** The zod schema of its src/extract.ts (MIT): name, value, unit, and as texts range and extra. */
const GITHUB_ACTION_BENCHMARK = v.array(
  v.object({
    name: v.string(),
    value: v.number(),
    range: v.optional(v.string()),
    unit: v.string(),
    extra: v.optional(v.string()),
  }),
)

/** https://bencher.dev/bmf.json: benchmarks by name, in each its measures by name. */
const BENCHER = v.record(
  v.pipe(v.string(), v.nonEmpty()),
  v.record(
    v.pipe(v.string(), v.nonEmpty(), v.maxLength(64)),
    v.object({ value: v.number(), lower_value: v.optional(v.number()), upper_value: v.optional(v.number()) }),
  ),
)
