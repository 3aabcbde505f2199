import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark } from '../tidemark.js'

const SMALL = ['--trainer', 'echo', '--model-size', '100KB', '--rounds', '2', '--clients', '1']

const read = (cwd: string) => JSON.parse(readFileSync(join(cwd, 'compared/comparison.json'), 'utf8'))

test('--more-trials adds trials of each setting to a comparison that had ended', async () => {
  const cwd = temporaryFolder()
  const axes = ['--server-memory-gc-rounds', '0,1', '--arena-max', 'unset', '--trials', '1']
  const first = await runTidemark(['compare', 'fedavg', ...SMALL, ...axes, '--out', 'compared'], { cwd })
  expect(first.stderr).not.toContain('tidemark:')
  const before = read(cwd)
  expect(before.trials).toHaveLength(2)
  await runTidemark(['compare', '--resume', 'compared', '--more-trials', '1'], { cwd })
  const after = read(cwd)
  expect(after).toMatchObject({ state: 'completed', trialsPerSetting: 2 })
  expect(after.trials.slice(0, 2)).toEqual(before.trials)
  expect(after.trials.map(({ trial }: { trial: number }) => trial)).toEqual([1, 1, 2, 2])
  expect(readFileSync(join(cwd, 'compared/summary.md'), 'utf8')).toMatch(/compare fedavg .*--trials 2 --seed 1\n/)
  // A resume without it continues from there and finds nothing to do.
  await runTidemark(['compare', '--resume', 'compared'], { cwd })
  expect(read(cwd).trials).toEqual(after.trials)
}, 120_000)

test('--more-trials is refused without --resume, beyond what a comparison may have, and of a part of one', async () => {
  const cwd = temporaryFolder()
  const without = await runTidemark(['compare', 'fedavg', '--more-trials', '2'], { cwd })
  expect(without).toMatchObject({ code: 2, stdout: '' })
  expect(without.stderr).toContain('--more-trials belongs to --resume')
  const axes = ['--server-memory-gc-rounds', '0', '--arena-max', 'unset', '--trials', '2', '--shard', '1/2']
  await runTidemark(['compare', 'fedavg', ...SMALL, ...axes, '--out', 'compared'], { cwd })
  const part = await runTidemark(['compare', '--resume', 'compared', '--more-trials', '1'], { cwd })
  expect(part).toMatchObject({ code: 2, stdout: '' })
  expect(part.stderr).toContain('this is part 1 of 2')
}, 120_000)
