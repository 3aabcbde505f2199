import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { PYTHON } from '../python.js'
import { temporaryFolder } from '../temporary-folder.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** What a user writes. The first test passes; of the others each failure is looked at. */
const TESTS = `
import { record } from 'tidemark'
import 'tidemark/vitest'
import { expect, test } from 'vitest'

test('holds', async () => {
  const recording = await record([${JSON.stringify(PYTHON)}, 'job.py'], { rounds: /Round (\\d+) started/, out: 'recording' })
  expect(recording.exit.code).toBe(0)
  expect(recording.rounds.map(({ round }) => round)).toEqual([1, 2, 3])
  await expect(recording).toStayBelow('500 MiB')
  await expect(recording).not.toStayBelow('30 MiB')
  await expect('recording').toStayBelow('500 MiB')
  await expect('grows.csv').toGrowLessThan('5 MiB/round')
  await expect('grows.csv').not.toGrowLessThan('1 MiB/round')
  await expect('grows.csv').not.toSettle()
  await expect('steady.csv').toSettle()
})
test('too high', () => expect('recording').toStayBelow('30 MiB'))
test('grows', () => expect('grows.csv').toGrowLessThan('1 MiB/round'))
test('does not settle', () => expect('grows.csv').toSettle())
test('undecided', () => expect('short.csv').toSettle())
test('undecided, turned round', () => expect('short.csv').not.toSettle())
test('no size', () => expect('recording').toStayBelow('plenty'))
test('no rate', () => expect('recording').toGrowLessThan('5 MiB'))
test('no times', () => expect('grows.csv').toGrowLessThan('5 MiB/h'))
test('no recording', () => expect('nowhere').toSettle())
`

const JOB = `
import time
for number in (1, 2, 3):
    print(f'Round {number} started', flush=True)
    held = bytearray(b'x') * (40 << 20)
    time.sleep(0.1)
time.sleep(0.3)
`

const TSCONFIG = {
  compilerOptions: { strict: true, noEmit: true, module: 'NodeNext', target: 'ES2023', skipLibCheck: true, types: [] },
  include: ['*.ts'],
}

test('a project that installs the package has matchers, with types, whose failures say what was seen and show a chart', async () => {
  const project = projectFolder()
  const run = promisify(execFile)
  const typed = run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', project], { cwd: project })
  const tested = run(
    process.execPath,
    [
      join(ROOT, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--testTimeout=60000',
      '--reporter=json',
      '--outputFile=result.json',
    ],
    { cwd: project },
  ).catch(() => undefined) // some of its tests are meant to fail
  await typed.catch((error: { stdout: string }) => expect.fail(error.stdout))
  await tested
  const result = join(project, 'result.json')
  expect(existsSync(result)).toBe(true)
  const { testResults } = JSON.parse(readFileSync(result, 'utf8')) as {
    testResults: { message: string; assertionResults: { title: string; failureMessages: string[] }[] }[]
  }
  const failures = new Map(
    testResults[0]!.assertionResults.map(({ title, failureMessages }) => [title, failureMessages.join('\n')]),
  )
  expect(failures.get('holds')).toBe('')
  const tooHigh = failures.get('too high')!
  expect(tooHigh).toMatch(/recording: peak of \d+\.\d MiB \(.*\), limit 30\.0 MiB/)
  expect(tooHigh).toMatch(/RSS \(MiB\) .*\(highest \d+\.\d MiB\)/)
  expect(tooHigh).toMatch(/[\u2801-\u28ff]{5}/)
  expect(failures.get('grows')).toMatch(/grows by 3\.\d MiB\/round, 95 % interval .*, limit 1\.0 MiB\/round/)
  expect(failures.get('grows')).toContain('End RSS by round, MiB: 103.')
  expect(failures.get('does not settle')).toContain('grows.csv: grows. ')
  expect(failures.get('undecided')).toContain('short.csv: undecided. ')
  expect(failures.get('undecided, turned round')).toContain('short.csv: undecided. ')
  expect(failures.get('no size')).toContain('toStayBelow: found "plenty", expected a size')
  expect(failures.get('no rate')).toContain('toGrowLessThan: found "5 MiB", expected a size a round or a unit of time')
  expect(failures.get('no times')).toContain('grows.csv has no times, so there is no growth by time')
  expect(failures.get('no recording')).toContain('there is no file or folder nowhere')
})

/** With the package and Vitest installed, as links. */
function projectFolder(): string {
  const project = temporaryFolder()
  mkdirSync(join(project, 'node_modules'))
  symlinkSync(ROOT, join(project, 'node_modules/tidemark'))
  symlinkSync(join(ROOT, 'node_modules/vitest'), join(project, 'node_modules/vitest'))
  const wobble = (round: number) => Math.sin(round * 12.9898) * 0.3
  const table = (rounds: number, mibOf: (round: number) => number) =>
    [
      'round,rss_mib',
      ...Array.from({ length: rounds }, (_, i) => `${i + 1},${(mibOf(i + 1) + wobble(i + 1)).toFixed(3)}`),
      '',
    ].join('\n')
  const files = {
    'package.json': JSON.stringify({ type: 'module' }),
    'tsconfig.json': JSON.stringify(TSCONFIG),
    'memory.test.ts': TESTS,
    'job.py': JOB,
    'grows.csv': table(30, (round) => 100 + 3 * round),
    'steady.csv': table(30, () => 100),
    'short.csv': table(3, () => 100),
  }
  for (const [name, content] of Object.entries(files)) writeFileSync(join(project, name), content)
  return project
}
