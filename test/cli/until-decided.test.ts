import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { Comparison } from '../../src/results/comparison.js'
import { PYTHON } from '../python.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark } from '../tidemark.js'

const PROGRAM = fileURLToPath(new URL('../fixtures/servers/garbage_in_cycles.py', import.meta.url))

async function compare(...args: string[]) {
  const out = join(temporaryFolder(), 'results')
  const command = `${PYTHON} ${PROGRAM} --gc {gc} --rounds {n}`
  const ran = await runTidemark([
    'compare',
    '--command',
    command,
    '--rounds',
    'nvflare',
    '--role',
    'server=garbage_in',
    ...args,
    '--out',
    out,
  ])
  const comparison = JSON.parse(readFileSync(join(out, 'comparison.json'), 'utf8')) as Comparison
  return { ...ran, comparison, reasons: comparison.trials.map(({ reason }) => reason).join('\n') }
}

test('--until-decided stops at the first look that tells settings apart, long before --trials', async () => {
  const { code, stdout, stderr, reasons, comparison } = await compare(
    ...['-L', 'gc', '0,1', '-L', 'n', '6', '--trials', '9', '--until-decided', '--json'],
  )
  expect(code, reasons).toBe(0)
  expect(stderr).toMatch(/^trial 1 of at most 18 /m)
  const trials = comparison.trials.length / 2
  expect(trials).toBeGreaterThanOrEqual(3)
  expect(trials).toBeLessThan(9)
  expect(comparison).toMatchObject({ state: 'completed', trialsPerSetting: trials, looks: { first: 3, last: 9 } })
  expect(JSON.parse(stdout).choice).toMatchObject({ label: 'gc=1', open: [] })
}, 120_000)

test('a setting whose trials all fail alike is given up after three, and the others continue', async () => {
  const { code, stdout, comparison } = await compare('-L', 'gc', '1', '-L', 'n', '2,none', '--trials', '5')
  expect(code).toBe(3)
  const of = (label: string) => comparison.trials.filter(({ setting }) => setting === label).length
  expect(of('n=2')).toBe(5)
  expect(of('n=none')).toBe(3)
  expect(comparison.state).toBe('completed')
  expect(stdout).toMatch(/warnings?: n=none was given up after 3 trials that failed alike/)
}, 120_000)

test('a part of a comparison cannot tell when all of it is decided', async () => {
  const { code, stderr } = await runTidemark(['compare', 'fedavg', '--until-decided', '--shard', '1/2'])
  expect(code).toBe(2)
  expect(stderr).toContain('--until-decided: a part of a comparison (--shard) does not see the trials of the others')
})
