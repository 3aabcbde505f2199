import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MIB } from '../../src/shared/units.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark } from '../tidemark.js'

const SMALL = ['--rounds', '3', '--clients', '1', '--trainer', 'echo', '--model-size', '400kB']

async function tune(...args: string[]) {
  const out = join(temporaryFolder(), 'tuned')
  return { out, ...(await runTidemark(['tune', 'fedavg', '--out', out, ...SMALL, ...args])) }
}

test('the cheapest setting under a limit is printed with its evidence, as lines that can be pasted', async () => {
  const found = await tune(
    '--limit',
    '2GiB',
    '--server-memory-gc-rounds',
    '0,1',
    '--arena-max',
    '4',
    '--allocator',
    'glibc',
  )
  expect(found.code, found.stderr).toBe(0)
  expect(found.stderr).toMatch(/2 settings, at most 8 trials; results in /)
  expect(found.stderr).toMatch(/trial 2 of at most 8 {2}gc=/)
  // The answer stands in the first five lines, as one line to paste.
  const [headline, , use, ...rest] = found.stdout.split('\n')
  expect(headline).toMatch(/^fedavg {2}limit 2\.00 GiB · 2 settings · \d trials$/)
  expect(use).toMatch(
    /^ {2}Use +MALLOC_ARENA_MAX=4 tidemark server --server-memory-gc-rounds [01] --aggregation buffered$/,
  )
  expect(rest.join(' ')).toMatch(/the cheapest that stays below.* peak of its next trial is below .* with 95 %/s)
  // Every setting was tried, and none is out: both stay far below.
  expect(found.stdout).toMatch(/[ ▸] gc=0[^\n]* (cheapest|below) +\d+ /)
  expect(found.stdout).toMatch(/[ ▸] gc=1[^\n]* (cheapest|below) +\d+ /)
  expect(existsSync(join(found.out, 'comparison.json'))).toBe(true)
}, 120_000)

test('where no setting stays under the limit each is out with its first trial, the exit code is 1, and what would help is printed', async () => {
  const none = await tune(
    '--limit',
    '20MiB',
    '--server-memory-gc-rounds',
    '0',
    '--arena-max',
    'unset,4',
    '--allocator',
    'glibc',
    '--json',
  )
  expect(none.code, none.stderr).toBe(1)
  const { outcome, settings, limitBytes } = JSON.parse(none.stdout)
  expect(outcome.kind).toBe('none')
  expect(limitBytes).toBe(20 * MIB)
  expect(settings.map(({ trials }: { trials: number }) => trials)).toEqual([1, 1])
}, 120_000)

test('a limit has to be given', async () => {
  const { code, stderr } = await runTidemark(['tune', 'fedavg'])
  expect(code).toBe(2)
  expect(stderr).toContain('For example: tidemark tune fedavg --limit 2GiB')
})
