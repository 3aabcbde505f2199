import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readRecording } from '../../src/recording/storage/read-recording.js'
import type { Comparison } from '../../src/results/comparison.js'
import { leaveOutWithout, pythonWith } from '../optional-parts.js'
import { PYTHON } from '../python.js'
import { PROGRAM, runTidemark } from '../tidemark.js'

const folder = mkdtempSync(join(tmpdir(), 'tidemark-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const JOB = `
import sys, time
held = bytearray(b'x') * (int(sys.argv[1]) << 20)
for number in range(1, 9):
    print(f'Round {number} done', flush=True)
    time.sleep(0.05)
time.sleep(0.3)
`

/** One comparison of two settings, and one of its recordings, are exported in every way. */
beforeAll(async () => {
  writeFileSync(join(folder, 'job.py'), JOB)
  const command = ['--command', `${PYTHON} job.py {mib}`, '-L', 'mib', '10,30', '--rounds', 'end:Round (\\d+) done']
  await promisify(execFile)(process.execPath, [PROGRAM, 'compare', ...command, '--trials', '2', '--out', 'mine'], {
    cwd: folder,
  })
})

const exported = (...args: string[]) => runTidemark(['export', ...args], { cwd: folder })

function comparison(): Comparison {
  return JSON.parse(readFileSync(join(folder, 'mine/comparison.json'), 'utf8')) as Comparison
}

function roundsInAll(): number {
  return comparison().trials.reduce((sum, { rounds }) => sum + rounds.length, 0)
}

/** Python's own reader of CSV. */
function csvRows(file: string): Record<string, string>[] {
  const script = 'import csv, json, sys; print(json.dumps(list(csv.DictReader(open(sys.argv[1], newline="")))))'
  return JSON.parse(execFileSync(PYTHON, ['-c', script, join(folder, file)], { encoding: 'utf8' })) as Record<
    string,
    string
  >[]
}

/** What analyze says of a table of ours without an option, beside what it says of the recording that it was written from. */
describe('what was exported is read back', () => {
  interface Judged {
    shape: string
    series?: string
    levelBytes: number | null
    slopeBytesPerRound: { estimate: number } | null
    process: { name: string; pid: number } | null
    error?: string
  }
  const judged = async (...args: string[]) =>
    JSON.parse((await runTidemark(['analyze', ...args, '--json'], { cwd: folder })).stdout) as Judged[]
  const recording = () => join('mine', comparison().trials[0]!.folder)

  test('rounds of a recording are judged as the recording itself', async () => {
    expect((await exported(recording(), '--csv', '-o', 'one-rounds.csv')).code).toBe(0)
    const [[of], again] = [await judged(recording()), await judged('one-rounds.csv')]
    expect(again).toHaveLength(1)
    expect(of!.levelBytes ?? of!.slopeBytesPerRound).not.toBe(null)
    const { shape, levelBytes, slopeBytesPerRound } = of!
    expect(again[0]).toMatchObject({ shape, levelBytes, slopeBytesPerRound })
  })

  test('samples of a recording are read in bytes and over time', async () => {
    expect((await exported(recording(), '--csv', '--table', 'samples', '-o', 'one-samples.csv')).code).toBe(0)
    const [only] = await judged('one-samples.csv')
    expect(only!.error).toBe(undefined)
    expect(JSON.stringify(only)).toContain('memory from \\"rss_bytes\\" (bytes)')
    expect(JSON.stringify(only)).toContain('time from \\"time_ms\\" (Unix ms)')
  })

  test('each trial of a comparison is a series, in rounds as in samples', async () => {
    for (const table of ['rounds', 'samples']) {
      expect((await exported('mine', '--csv', '--table', table, '-o', `all-${table}.csv`)).code).toBe(0)
      const all = await judged(`all-${table}.csv`)
      expect(all.map(({ error }) => error).filter((error) => error !== undefined)).toEqual([])
      if (table === 'rounds') expect(all).toHaveLength(comparison().trials.length)
      for (const { setting, trial, rounds } of comparison().trials) {
        const isOfIt = ({ series = '' }: Judged) =>
          series.startsWith(`${setting} trial ${trial} `) && series.endsWith(`pid ${rounds[0]!.pid}`)
        expect(all.filter(isOfIt)).toHaveLength(1)
      }
    }
  })

  test('OpenMetrics, OTLP and the JSON for hyperfine say what they are', async () => {
    for (const [flag, name, says] of [
      ['--openmetrics', 'm.txt', /m\.txt is OpenMetrics/],
      ['--otlp-json', 'm.json', /m\.json is OTLP/],
      ['--hyperfine-json', 'h.json', /h\.json is the JSON of hyperfine/],
    ] as const) {
      expect((await exported('mine', flag, '-o', name)).code).toBe(0)
      const { code, stderr } = await runTidemark(['analyze', name], { cwd: folder })
      expect(stderr).toMatch(says)
      expect(stderr).toContain('tidemark export FOLDER --csv')
      expect(code).toBe(2)
    }
  })
})

describe('a comparison as a table', () => {
  test('--csv has a row for each process and round, with what they were measured under', async () => {
    const { code, stdout } = await exported('mine', '--csv', '-o', 'rounds.csv')
    expect(code).toBe(0)
    expect(stdout).toBe('rounds.csv\n')
    const rows = csvRows('rounds.csv')
    expect(rows.length).toBe(roundsInAll())
    expect(rows.length).toBeGreaterThanOrEqual(20)
    const [first] = comparison().trials
    const [round] = first!.rounds
    expect(rows[0]).toMatchObject({
      setting: first!.setting,
      trial: '1',
      state: 'completed',
      setting_mib: first!.setting.replace('mib=', ''),
      role: 'server',
      round: String(round!.round),
      peak_bytes: String(round!.peakBytes),
      end_rss_bytes: String(round!.end.rssBytes),
      accuracy: '',
    })
  })

  test('--parquet holds the same values', async () => {
    expect((await exported('mine', '--parquet', '-o', 'rounds.parquet')).code).toBe(0)
    const bytes = readFileSync(join(folder, 'rounds.parquet'))
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
    const rows = await parquetReadObjects({ file })
    const texts = rows.map((row) =>
      Object.entries(row).map(([name, value]) => [name, value === null ? '' : String(value)]),
    )
    expect(texts.map((entries) => Object.fromEntries(entries) as unknown)).toEqual(csvRows('rounds.csv'))
  })

  test('--table samples has a row for each process and sample', async () => {
    expect((await exported('mine', '--csv', '--table', 'samples', '-o', 'samples.csv')).code).toBe(0)
    const rows = csvRows('samples.csv')
    const samples = comparison().trials.flatMap((trial) => readRecording(join(folder, 'mine', trial.folder)).samples)
    expect(rows.length).toBe(samples.reduce((sum, { rss }) => sum + rss.length, 0))
    expect(Object.keys(rows[0]!)).toEqual([
      'setting',
      'trial',
      'state',
      'setting_mib',
      'role',
      'name',
      'pid',
      'time_ms',
      'rss_bytes',
    ])
  })
})

describe('metrics', () => {
  test('--openmetrics is taken by promtool into Prometheus, or where that is missing ends as it has to', async (context) => {
    const { code, stdout } = await exported('mine', '--openmetrics')
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^# HELP process_resident_memory_bytes .*\n# TYPE process_resident_memory_bytes gauge\n# UNIT/,
    )
    expect(stdout.endsWith('# EOF\n')).toBe(true)
    expect(stdout.match(/^tidemark_round_peak_bytes\{/gm)?.length).toBe(roundsInAll())
    leaveOutWithout(context, 'promtool')
    writeFileSync(join(folder, 'metrics.txt'), stdout)
    const taken = spawnSync('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', 'metrics.txt', 'data'], {
      cwd: folder,
      encoding: 'utf8',
    })
    expect(taken.status, taken.stderr).toBe(0)
    mkdirSync(join(folder, 'data/wal')) // promtool opens no database without one
    const dumped = spawnSync('promtool', ['tsdb', 'dump', 'data'], { cwd: folder, encoding: 'utf8' })
    expect(dumped.stdout.match(/__name__="tidemark_round_end_rss_bytes"/g)?.length).toBe(roundsInAll())
  })

  test('--otlp-json has a resource for each process and a point for each sample', async () => {
    const { code, stdout } = await exported('mine', '--otlp-json')
    expect(code).toBe(0)
    const { resourceMetrics } = JSON.parse(stdout) as { resourceMetrics: OtlpResource[] }
    const recordings = comparison().trials.map((trial) => readRecording(join(folder, 'mine', trial.folder)))
    expect(resourceMetrics.length).toBe(recordings.reduce((sum, { head }) => sum + head.processes.length, 0))
    const usage = resourceMetrics
      .flatMap(({ scopeMetrics }) => scopeMetrics[0]!.metrics)
      .filter(({ name }) => name === 'process.memory.usage')
      .flatMap(({ sum }) => sum!.dataPoints)
    const samples = recordings.flatMap((recording) => recording.samples)
    expect(usage.length).toBe(samples.reduce((sum, { rss }) => sum + rss.length, 0))
    expect(usage[0]).toEqual({ timeUnixNano: expect.stringMatching(/^\d{19}$/), asInt: expect.stringMatching(/^\d+$/) })
    expect(resourceMetrics[0]!.resource.attributes).toContainEqual({
      key: 'service.name',
      value: { stringValue: 'server' },
    })
  })
})

interface OtlpResource {
  resource: { attributes: unknown[] }
  scopeMetrics: { metrics: { name: string; sum?: { dataPoints: unknown[] } }[] }[]
}

test('--hyperfine-json has the times and peaks of each setting', async () => {
  const { code, stdout } = await exported('mine', '--hyperfine-json')
  expect(code).toBe(0)
  const { results } = JSON.parse(stdout) as { results: Record<string, unknown>[] }
  expect(results.map(({ command, parameters }) => [command, parameters])).toEqual([
    ['mib=10', { mib: '10' }],
    ['mib=30', { mib: '30' }],
  ])
  for (const { times, mean, user, exit_codes, memory_usage_byte } of results) {
    const [first, second] = times as number[]
    expect(mean).toBeCloseTo((first! + second!) / 2)
    expect(user).toBeNull()
    expect(exit_codes).toEqual([0, 0])
    expect((memory_usage_byte as number[]).every((bytes) => bytes > 10 * 2 ** 20)).toBe(true)
  }
})

test('a recording by itself is exported too', async () => {
  const trial = join('mine', comparison().trials[0]!.folder)
  expect((await exported(trial, '--csv', '-o', 'one.csv')).code).toBe(0)
  expect(csvRows('one.csv').length).toBe(comparison().trials[0]!.rounds.length)
  const { stdout } = await exported(trial, '--hyperfine-json')
  expect((JSON.parse(stdout) as { results: unknown[] }).results.length).toBe(1)
})

test.each([
  [['mine'], /no format was named, expected one of --csv, --parquet, --openmetrics, --otlp-json, --hyperfine-json/],
  [['mine', '--csv', '--parquet'], /found --csv, --parquet, expected one of them/],
  [['mine', '--otlp-json', '--table', 'samples'], /--table is for --csv and --parquet; --otlp-json has one form/],
  [['nowhere', '--csv'], /nowhere holds no recording: there is no recording.json in it/],
  [
    ['mine', '--csv', '-o', 'job.py'],
    /job.py is there already\n {2}Name another file with -o, or replace it with --force/,
  ],
  [['mine', '--csv', '-o', 'nowhere/rounds.csv'], /cannot write nowhere\/rounds.csv: ENOENT/],
])('tidemark export %j is refused with what would be right', async (args, message) => {
  const { code, stdout, stderr } = await exported(...args)
  expect(code).toBe(2)
  expect(stdout).toBe('')
  expect(stderr).toMatch(message)
})

describe('docs/export.md', () => {
  const page = readFileSync(fileURLToPath(new URL('../../docs/export.md', import.meta.url)), 'utf8')
  const blocks = [...page.matchAll(/^```python\n(import (\w+)\n[\s\S]*?)^```$/gm)].map(([, code, name]) => ({
    code: code!,
    library: name as 'pandas' | 'duckdb',
  }))

  test('shows pandas and DuckDB', () => {
    expect(blocks.map(({ library }) => library)).toEqual(['pandas', 'duckdb'])
  })

  test.for(blocks)('its commands for $library run as they stand', ({ library, code }, context) => {
    leaveOutWithout(context, library)
    const run = spawnSync(pythonWith(library)!, ['-c', code], { cwd: folder, encoding: 'utf8' })
    expect(run.status, run.stderr).toBe(0)
    expect(run.stdout).toMatch(/mib=10[\s\S]*mib=30/)
  })
})
