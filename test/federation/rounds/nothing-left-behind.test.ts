import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { hasV8Flag } from '../../../src/memory/v8-flags.js'

const COMPILED = new URL('../../../dist/', import.meta.url)
const FIXTURE = fileURLToPath(new URL('../../fixtures/memory/rounds-and-cleanup.mjs', import.meta.url))
const MODEL_BYTES = 240_000

/** Functions are compiled early, and the compiler thread, slowed down, is nearly always busy with one. */
const BUSY_COMPILER = [
  hasV8Flag('--interrupt-budget') ? '--interrupt-budget=500' : '--invocation-count-for-turbofan=5',
  '--concurrent-recompilation-delay=50',
]

// The thread keeps closures alive, and what they refer to: with closures over weights, 10 cleanups of 60 missed two sets.
it.each(['ordered', 'arrival'])(
  'V8 compiling meanwhile, no cleanup leaves weights behind (%s summation)',
  async (summation) => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...BUSY_COMPILER,
      FIXTURE,
      COMPILED.href,
      summation,
      '60',
    ])
    const left = JSON.parse(stdout) as number[]
    expect(left).toHaveLength(60)
    expect(left.filter((bytes) => bytes > Math.min(...left) + MODEL_BYTES / 2)).toEqual([])
  },
)
