import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import type { Comparison } from '../../src/results/comparison.js'
import { temporaryFolder } from '../temporary-folder.js'

/** As a user's program would: `tidemark` resolves to the package itself, built. */
const PROGRAM = `
  import { compare, defineComparison, federation } from 'tidemark'
  const definition = defineComparison({
    name: 'mine',
    workload: federation({ algorithm: 'fedavg', trainer: 'echo', modelSize: '100kB', rounds: 2 }),
    settings: { serverMemoryGcRounds: [0, 1], MALLOC_TRIM_THRESHOLD_: ['unset'] },
    trials: 1,
  })
  const kinds = new Set()
  const { folder, comparison } = await compare(definition, {
    out: process.argv[1],
    onProgress: ({ kind }) => kinds.add(kind),
  })
  console.log(JSON.stringify({ folder, comparison, kinds: [...kinds] }))
`

test('compare() runs a definition, tells of its progress, and returns what was measured', async () => {
  const out = join(temporaryFolder(), 'results')
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', PROGRAM, out])
  const { folder, comparison, kinds } = JSON.parse(stdout) as {
    folder: string
    comparison: Comparison
    kinds: string[]
  }
  expect(folder).toBe(out)
  expect(kinds).toEqual(['started', 'trial-started', 'trial-progress', 'trial-ended'])
  expect(comparison).toMatchObject({ name: 'mine', state: 'completed' })
  expect(comparison.trials.map(({ setting }) => setting).sort()).toEqual(['gc=0', 'gc=1'])
  expect(comparison.trials.every(({ state, rounds }) => state === 'completed' && rounds.length === 6)).toBe(true)
})
