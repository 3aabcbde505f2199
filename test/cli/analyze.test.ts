import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { saveComparison } from '../../src/comparison/run/comparison-folder.js'
import type { Analysis } from '../../src/verdict/shape/analysis.js'
import { writeExampleRecording } from '../recording/example-recording.js'
import { exampleComparison } from '../report/example-comparison.js'
import { temporaryFolder } from '../temporary-folder.js'
import { PROGRAM, runTidemark } from '../tidemark.js'

/** NVFlare FedAvg with cleanup every fifth round and never, and Flower: MiB at the end of each round. */
const EVERY_FIFTH = [728, 1077, 1363, 1414, 496, 1029, 1218, 1404, 1445, 735, 1061, 1182]
const NEVER = [681, 977, 1098, 1204, 1307, 1537, 1600, 1661, 1594, 1775, 1768, 1956]
const FLOWER = [657, 871, 885, 894, 931, 882, 885, 891, 891, 921]

function table(values: readonly number[], header = 'round,rss'): string {
  return [header, ...values.map((value, i) => `${i + 1},${value}`), ''].join('\n')
}

function folderWith(files: Record<string, string>): string {
  const folder = temporaryFolder()
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  return folder
}

async function analyzeJson(
  cwd: string,
  args: string[],
): Promise<(Analysis & { path: string; setting?: string; error?: string })[]> {
  const { stdout } = await runTidemark(['analyze', ...args, '--json'], { cwd })
  return JSON.parse(stdout)
}

test('several files are judged in the order given, the answer first, and each with its reason on demand', async () => {
  const cwd = folderWith({ 'never.csv': table(NEVER), 'flower.csv': table(FLOWER) })
  const { code, stdout, stderr } = await runTidemark(['analyze', 'never.csv', 'flower.csv'], { cwd })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(
    /^2 series: 1 grows, 1 levels off\n\n {2}never\.csv grows beyond doubt, lately by about \d+ MiB a round/,
  )
  expect(stdout).toMatch(/\n {2}never\.csv +▁.*█ +grows +\d+ +681 to 1956 MiB\n {2}flower\.csv +▁/)
  const details = await runTidemark(['analyze', 'never.csv', 'flower.csv', '--details'], { cwd })
  expect(details.stdout).toMatch(
    /\nnever\.csv: grows\n {2}Grows.*\nflower\.csv: levels off\n {2}Settles at 89\d\.\d MiB from round \d/s,
  )
})

test('--json is an array even for one file, with every field of a verdict', async () => {
  const cwd = folderWith({ 'five.csv': table(EVERY_FIFTH) })
  const [verdict, ...others] = await analyzeJson(cwd, ['five.csv', '--gc-rounds', '5'])
  expect(others).toEqual([])
  expect(verdict).toMatchObject({
    path: 'five.csv',
    shape: 'sawtooth',
    period: 5,
    floorShape: 'inconclusive',
    rounds: 12,
  })
  expect(verdict!.amplitudeBytes! / 2 ** 20).toBeGreaterThan(600)
  for (const field of ['slopeBytesPerRound', 'levelBytes', 'settledAtRound', 'reason', 'now'])
    expect(verdict).toHaveProperty(field)
})

test('a file that is broken is named with its line, and the others are judged all the same', async () => {
  const cwd = folderWith({ 'broken.csv': 'round,rss\n1,600\n2,much\n', 'flower.csv': table(FLOWER) })
  const { code, stdout, stderr } = await runTidemark(['analyze', 'broken.csv', 'none.csv', 'flower.csv', '--json'], {
    cwd,
  })
  expect(code).toBe(2)
  expect(stderr).toContain('broken.csv, line 3: found "2,much", expected a number of at least 0')
  expect(stderr).toContain('there is no file or folder none.csv')
  const verdicts = JSON.parse(stdout)
  expect(verdicts.map(({ path }: { path: string }) => path)).toEqual(['broken.csv', 'none.csv', 'flower.csv'])
  expect(verdicts[0].error).toContain('line 3')
  expect(verdicts[2].shape).toBe('settling')
})

test('too few rounds are inconclusive: exit code 4, and how many there must be at least', async () => {
  const cwd = folderWith({ 'short.csv': table([1070, 1835, 2210, 2444]) })
  const { code, stdout } = await runTidemark(['analyze', 'short.csv'], { cwd })
  expect(code).toBe(4)
  expect(stdout).toContain('4 rounds, too few')
  expect(stdout).toContain('at least 6 are needed')
})

test.each([
  ['round,rss_bytes', 2 ** 20],
  ['round,rss_kib', 1024],
  ['round,rss (GiB)', 1 / 1024],
  ['round,rss [MB]', 2 ** 20 / 1e6],
])('the header %s tells the unit', async (header, perMib) => {
  const cwd = folderWith({
    'flower.csv': table(
      FLOWER.map((value) => value * perMib),
      header,
    ),
  })
  const [verdict] = await analyzeJson(cwd, ['flower.csv'])
  expect(verdict!.levelBytes! / 2 ** 20).toBeCloseTo(891, 0)
})

describe('--limit and --horizon', () => {
  test('growth meets the limit in so many rounds, with an interval', async () => {
    const cwd = folderWith({ 'leak.csv': table(Array.from({ length: 40 }, (_, i) => 600 + 2 * i + (i % 3))) })
    const [verdict] = await analyzeJson(cwd, ['leak.csv', '--limit', '1GiB', '--horizon', '1000'])
    // 680 MiB at the end, 344 MiB to go at 2 MiB a round.
    expect(verdict!.limit!.rounds!.estimate).toBeGreaterThan(165)
    expect(verdict!.limit!.rounds!.estimate).toBeLessThan(180)
    expect(verdict!.limit!.rounds!.low).toBeLessThan(verdict!.limit!.rounds!.estimate)
    expect(verdict!.horizon!.bytes.estimate / 2 ** 20).toBeCloseTo(2000, -2)
    expect(verdict!.reason).toMatch(/If that continues, it meets the limit of 1\.00 GiB in about 1[67]\d rounds/)
  })

  test('a level that was settled to leaves room below the limit, and no time until it', async () => {
    const cwd = folderWith({ 'flower.csv': table(FLOWER) })
    const [verdict] = await analyzeJson(cwd, ['flower.csv', '--limit', '1GiB'])
    expect(verdict!.limit).toMatchObject({ rounds: null, seconds: null })
    expect(verdict!.limit!.headroomBytes / 2 ** 20).toBeCloseTo(1024 - 891, 0)
  })

  test('an option that is no size says what would be right', async () => {
    const { code, stderr } = await runTidemark(['analyze', '--tolerance', 'little', 'x.csv'])
    expect(code).toBe(2)
    expect(stderr).toContain(
      '--tolerance: found "little", expected a size a round such as 0.5MiB, a percentage a round',
    )
  })
})

test('a recording without rounds is cut into windows, and says how long one is', async () => {
  const { code, stdout } = await runTidemark(['analyze', 'test/fixtures/samples/mprof_plain.dat'])
  expect([0, 4]).toContain(code)
  expect(stdout).toMatch(/^test\/fixtures\/samples\/mprof_plain\.dat {2}\d+ windows of [\d.]+ m?s\n/)
})

test("a recording of Tidemark is judged by its server's rounds", async () => {
  const cwd = temporaryFolder()
  writeExampleRecording(join(cwd, 'tidemark-20261123204305'))
  const [verdict] = await analyzeJson(cwd, [])
  expect(verdict).toMatchObject({ path: 'tidemark-20261123204305', unit: 'round', process: { role: 'server' } })
})

test('a pipe, and standard input as -, are read like files though they can be read only once', async () => {
  const cwd = folderWith({ 'flower.csv': table(FLOWER), 'never.csv': table(NEVER) })
  const { stdout, status } = spawnSync(
    'bash',
    ['-c', `cat never.csv | "${process.execPath}" "${PROGRAM}" analyze <(cat flower.csv) - --json`],
    { cwd, encoding: 'utf8' },
  )
  expect(status).toBe(0)
  const verdicts = JSON.parse(stdout) as (Analysis & { path: string })[]
  expect(verdicts.map(({ shape }) => shape)).toEqual(['settling', 'grows'])
  expect(verdicts[0]!.path).toMatch(/^\/dev\/fd\/\d+$/)
  expect(verdicts[1]!.path).toBe('-')
})

test('standard input may be slow to come', async () => {
  const cwd = folderWith({ 'never.csv': table(NEVER) })
  const script = `(sleep 0.7; head -c 60 never.csv; sleep 0.7; tail -c +61 never.csv) | "$0" "${PROGRAM}" analyze - --json`
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script, process.execPath], { cwd, encoding: 'utf8' })
  expect(status, stderr).toBe(0)
  expect(JSON.parse(stdout)[0].rounds).toBe(NEVER.length)
})

test('standard input without anything in it is bad input', async () => {
  const { code, stderr } = await runTidemark(['analyze', '-'])
  expect(code).toBe(2)
  expect(stderr).toContain('- is empty, expected a recording')
})

test('each setting of a comparison is judged over all its trials, by another tolerance if one is asked for', async () => {
  const cwd = temporaryFolder()
  const folder = join(cwd, 'compared')
  mkdirSync(folder)
  const { comparison } = exampleComparison()
  saveComparison(folder, comparison)
  const verdicts = await analyzeJson(cwd, ['compared', '--tolerance', '1KiB'])
  expect(verdicts.map(({ setting }) => setting)).toEqual(comparison.settings.map(({ label }) => label))
  const perSetting = comparison.trials.filter(({ setting }) => setting === verdicts[0]!.setting).length
  expect(verdicts[0]).toMatchObject({ path: 'compared', format: 'comparison', trials: perSetting })
  expect(verdicts.map(({ toleranceBytes }) => toleranceBytes)).toEqual(verdicts.map(() => 1024))
  const { stdout } = await runTidemark(['analyze', 'compared', '--details'], { cwd })
  expect(stdout).toContain(`compared ${verdicts[0]!.setting} (${perSetting} trials together): `)
})

test('a comparison of which no trial was completed is bad input', async () => {
  const cwd = temporaryFolder()
  saveComparison(cwd, { ...exampleComparison().comparison, trials: [] })
  const { code, stderr } = await runTidemark(['analyze', '.'], { cwd })
  expect(code).toBe(2)
  expect(stderr).toContain('no trial of this comparison was completed')
})

test('500 files are judged in one go', async () => {
  const files = Object.fromEntries(
    Array.from({ length: 500 }, (_, i) => [`${i}.csv`, table(FLOWER.map((value) => value + i))]),
  )
  const cwd = folderWith(files)
  const verdicts = await analyzeJson(cwd, Object.keys(files))
  expect(verdicts.map(({ path }) => path)).toEqual(Object.keys(files))
})

test('--horizon is a number of rounds or a time, which a table without times refuses', async () => {
  const folder = temporaryFolder()
  const rows = (withTime: boolean) =>
    Array.from(
      { length: 40 },
      (_, i) => `${i + 1},${500 + 0.4 * i + 0.2 * Math.sin(i * 5)}${withTime ? `,${i * 60}` : ''}`,
    )
  writeFileSync(join(folder, 'rounds.csv'), ['round,rss_mib', ...rows(false)].join('\n'))
  writeFileSync(join(folder, 'times.csv'), ['round,rss_mib,time_s', ...rows(true)].join('\n'))
  const horizon = async (...args: string[]) => {
    const { stdout, stderr, code } = await runTidemark(['analyze', ...args, '--json'], { cwd: folder })
    expect(code, stderr).toBe(0)
    return JSON.parse(stdout)[0].horizon
  }
  expect(await horizon('rounds.csv', '--horizon', '5000')).toMatchObject({ rounds: 5000, isDefault: false })
  expect(await horizon('times.csv', '--horizon', '1d')).toMatchObject({ rounds: 24 * 60, isDefault: false })
  const refused = await runTidemark(['analyze', 'rounds.csv', '--horizon', '30d'], { cwd: folder })
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('so --horizon cannot be a time') })
})

describe('--fail-on', () => {
  const growing = Array.from({ length: 40 }, (_, i) => 500 + 3 * i + Math.sin(i * 5))
  const filling = Array.from({ length: 30 }, (_, i) => 400 - 150 * Math.exp(-i / 25) + 0.2 * Math.sin(i * i))
  const sawtoothThatGrows = Array.from({ length: 60 }, (_, i) => 500 + 4 * i + 60 * (i % 5) + Math.sin(i * 7))

  test.each([
    ['a leak that is named', { 'a.csv': growing }, 'grows', 1],
    ['a leak, where another shape is named', { 'a.csv': growing }, 'staircase', 0],
    ['one of two files', { 'flat.csv': FLOWER, 'leak.csv': growing }, 'staircase,grows', 1],
    ['a saw-tooth whose floor grows', { 'a.csv': sawtoothThatGrows }, 'grows', 1],
    ['no leak', { 'flat.csv': FLOWER }, 'grows', 0],
    ['what rises now and may level off, where it is named', { 'a.csv': filling }, 'grows,rises', 1],
    ['the same where it is not', { 'a.csv': filling }, 'grows', 4],
    ['a level, where rising is named', { 'a.csv': FLOWER }, 'grows,rises', 0],
  ])('%s', async (_what, series, shapes, expected) => {
    const files = Object.fromEntries(Object.entries(series).map(([name, values]) => [name, table(values)]))
    const cwd = folderWith(files)
    const { code, stdout } = await runTidemark(['analyze', ...Object.keys(files), '--fail-on', shapes], { cwd })
    expect(code, stdout).toBe(expected)
  })

  test('a file that cannot be read counts before a shape, and an unknown shape is refused', async () => {
    const cwd = folderWith({ 'leak.csv': table(growing), 'broken.csv': 'round,rss\n1,x\n' })
    const both = await runTidemark(['analyze', 'leak.csv', 'broken.csv', '--fail-on', 'grows'], { cwd })
    expect(both.code).toBe(2)
    const unknown = await runTidemark(['analyze', 'leak.csv', '--fail-on', 'leaks'], { cwd })
    expect(unknown).toMatchObject({ code: 2, stdout: '' })
    expect(unknown.stderr).toContain('--fail-on: found "leaks", expected a comma-separated list, each one of grows,')
  })
})

describe('--tolerance', () => {
  const creeping = (columns: string, row: (round: number) => string) =>
    [columns, ...Array.from({ length: 40 }, (_, i) => row(i + 1))].join('\n')
  const rss = (round: number) => (600 + 0.2 * round + (round % 3) * 0.05).toFixed(3)

  test('takes bytes a day where the table says how long a round takes', async () => {
    const timed = creeping('round,time,rss_mib', (round) => `${round},${round * 60},${rss(round)}`)
    const cwd = folderWith({ 'timed.csv': timed })
    // 0.2 MiB a minute are 288 MiB a day.
    const judged = async (tolerance: string) => (await analyzeJson(cwd, ['timed.csv', '--tolerance', tolerance]))[0]!
    const daily = await judged('400MiB/day')
    expect(daily.toleranceBytes! / 2 ** 20).toBeCloseTo(400 / 1440, 5)
    expect(daily).toMatchObject({ shape: 'stable' })
    expect(await judged('400 MiB per day')).toEqual(daily)
    expect(await judged('100MiB/day')).toMatchObject({ shape: 'grows', slow: false })
  })

  test('refuses bytes a day where a round has no known length, and says what would be right', async () => {
    const cwd = folderWith({ 'leak.csv': creeping('round,rss_mib', (round) => `${round},${rss(round)}`) })
    const { code, stdout, stderr } = await runTidemark(['analyze', 'leak.csv', '--tolerance', '50MiB/day'], { cwd })
    expect(code).toBe(2)
    expect(stdout).toMatch(/^1 series: 1 not read\n/)
    expect(stderr).toContain('leak.csv does not say how long a round takes, so --tolerance cannot be bytes a day')
    expect(stderr).toContain('--tolerance 0.5MiB, --tolerance 0.1%')
  })

  test('is what --floor was called, which is understood and not shown', async () => {
    const cwd = folderWith({ 'leak.csv': creeping('round,rss_mib', (round) => `${round},${rss(round)}`) })
    const [now] = await analyzeJson(cwd, ['leak.csv', '--tolerance', '1MiB'])
    const [before] = await analyzeJson(cwd, ['leak.csv', '--floor', '1MiB'])
    expect(before).toEqual(now)
    expect((await runTidemark(['analyze', '--help'])).stdout).not.toContain('--floor')
    const both = await runTidemark(['analyze', 'leak.csv', '--floor', '1MiB', '--tolerance', '2MiB'], { cwd })
    expect(both.code).toBe(2)
    expect(both.stderr).toContain('--tolerance and --floor are one option, and both were given')
    const byVariable = await runTidemark(['analyze', 'leak.csv', '--json'], { cwd, env: { TIDEMARK_FLOOR: '1MiB' } })
    expect(JSON.parse(byVariable.stdout)).toEqual([now])
  })
})
