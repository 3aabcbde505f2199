import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { HeapGrowth } from '../../src/recording/heap/heap-growth.js'
import { measuredProcesses } from '../../src/recording/heap/measured-process.js'
import { heapProgram, leaksOf, measured } from '../fixtures/heap/measured.js'
import { programsOf } from '../frameworks/framework-job.js'
import { needs } from '../optional-parts.js'
import { PYTHON, pythonOf, RELEASES } from '../python.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark, startTidemark } from '../tidemark.js'

const LEAKS = heapProgram('leaks.py')
const WELL = heapProgram('well.py')
const MIB = 2 ** 20

/** The line of each planted leak. */
const truth = leaksOf('leaks.py')
const well: string[] = [...readFileSync(WELL, 'utf8').matchAll(/^def (\w+)\(round_number\)/gm)].map(
  (match) => match[1]!,
)

/** The parts are the whole growth, and what nothing measured explains is at most 1 MiB or 5 % of it. */
function expectPartsToAddUp(growth: HeapGrowth): void {
  const { lineBytes, nativeBytes, retainedBytes, restBytes, rssGrowthBytes, ownBytes } = growth
  expect(lineBytes + (nativeBytes ?? 0) + (retainedBytes ?? 0) + restBytes).toBe(rssGrowthBytes)
  expect(Math.abs(restBytes - ownBytes), JSON.stringify(growth)).toBeLessThan(Math.max(MIB, 0.05 * rssGrowthBytes))
}

describe('with tracemalloc, which every Python has', { timeout: 180_000 }, () => {
  test.for(['list_of_dicts', 'closure', 'traceback_kept', 'weak_key_cycle'])(
    '%s: its line is named',
    async (name: string) => {
      const { growth, stderr, code } = await measured([PYTHON, LEAKS, name])
      expect(code, stderr).toBe(0)
      expect(growth[0], stderr).toMatchObject({ engine: 'tracemalloc', fromRound: 5, toRound: 10 })
      expect(growth[0]!.lines[0]).toMatchObject({ file: LEAKS, line: truth.get(name) })
      expect(growth[0]!.cause).toMatchObject({ line: truth.get(name) })
      expectPartsToAddUp(growth[0]!)
    },
  )

  test('threads that compute do not keep a look from the end of its round', async () => {
    const { growth, out, stderr, code } = await measured([PYTHON, heapProgram('busy.py')])
    expect(code, stderr).toBe(0)
    const looks = measuredProcesses(join(out, 'heap')).flatMap(({ takes }) => Object.values(takes))
    expect(looks.map(({ when }) => when)).toEqual(Array(4).fill('at its end'))
    const line = leaksOf('busy.py').get('busy')
    expect(growth[0]!.cause, stderr).toMatchObject({ file: heapProgram('busy.py'), line })
    expectPartsToAddUp(growth[0]!)
  })

  test('shared memory is native memory, though no engine sees it', async () => {
    const { growth, stderr } = await measured([PYTHON, heapProgram('more_leaks.py'), 'anonymous_mmap'])
    expect(growth[0], stderr).toMatchObject({ cause: null })
    expect(growth[0]!.nativeBytes).toBeGreaterThan(4 * MIB)
    expectPartsToAddUp(growth[0]!)
  })

  test('rounds of a log that pass unseen move the first look to a later one', async () => {
    const program = join(temporaryFolder(), 'bursts.py')
    // Rounds 5 to 7 are reported at once.
    const lines = [
      'import time',
      'kept, text = [], ""',
      'for number in range(1, 13):',
      '    kept.append(bytearray(2**20))  # leak',
      '    text += "round %d done\\n" % number',
      '    if number not in (5, 6):',
      '        print(text, end="", flush=True)',
      '        text = ""',
      '    time.sleep(0.1)',
    ]
    writeFileSync(program, lines.join('\n'))
    const options = ['--rounds-end', 'round (\\d+) done']
    const { growth, stderr, code } = await measured([PYTHON, program], { options })
    expect(code, stderr).toBe(0)
    expect(growth[0], stderr).toMatchObject({ fromRound: 6, toRound: 10, cause: { file: program, line: 4 } })
  })

  test('memory that ctypes takes is at no line, and no cause is named', async () => {
    const { growth, stderr } = await measured([PYTHON, LEAKS, 'ctypes_malloc'])
    expect(growth[0], stderr).toMatchObject({ cause: null })
    expect(growth[0]!.explainedShare).toBeLessThan(0.5)
    expect(growth[0]!.nativeBytes).toBeGreaterThan(4 * MIB)
  })

  test.for(['replaced_weights', 'garbage_cycles'])('%s: no leak is seen', async (name: string) => {
    const { growth, stderr } = await measured([PYTHON, WELL, name])
    expect(growth[0], stderr).toMatchObject({ cause: null })
  })
})

describe('with memray', { timeout: 240_000, ...needs('memray') }, () => {
  const python = () => join(programsOf('memray-1.20'), 'python')
  /** No Python allocator and no allocator that memray stands before: `dlsym` gives ctypes the C library's own. */
  const unseen = ['ctypes_malloc']
  const needsMore = (name: string) => name === 'torch_tensors'
  /** Every program of the fixtures by `npm run test:frameworks`; a few of each kind otherwise. */
  const some = <T>(names: T[]) => (process.env.TIDEMARK_TEST_FRAMEWORKS === 'all' ? names : names.slice(0, 5))

  test.for(some([...truth.keys()].filter((name) => !unseen.includes(name) && !needsMore(name))))(
    '%s: its line is named',
    async (name: string) => {
      const { growth, stderr } = await measured([python(), LEAKS, name])
      expect(growth[0], stderr).toMatchObject({ engine: 'memray', fromRound: 5, toRound: 10 })
      expect(growth[0]!.lines[0]).toMatchObject({ file: LEAKS, line: truth.get(name) })
      expectPartsToAddUp(growth[0]!)
    },
  )

  test.for(some(well))('%s: no leak is seen', async (name: string) => {
    const { growth, stderr } = await measured([python(), WELL, name])
    expect(growth[0], stderr).toMatchObject({ cause: null })
  })
})

test('lines, the share explained and the cost stand at the end of the output', async () => {
  const out = join(temporaryFolder(), 'recording')
  const args = ['run', '--out', out, '--heap-diff', '2', '--', PYTHON, LEAKS, 'closure', '6']
  const { code, stderr } = await runTidemark(args)
  expect(code, stderr).toBe(0)
  expect(stderr).toMatch(/^What grew from round 2 to 4 in leaks\.py \(pid \d+\): \d.* MiB, \d+ % explained$/m)
  expect(stderr).toMatch(/leaks\.py:\d+ +in closure +weights = bytearray/)
  expect(stderr).toContain('not explained: ')
  expect(stderr).toContain('The memory of this recording is not to be judged')
  expect(readFileSync(join(out, 'heap-growth.svg'), 'utf8')).toContain('closure leaks.py:')
}, 180_000)

describe.each(RELEASES)('CPython %s', (release) => {
  test.for(['list_of_dicts', 'traceback_kept', 'one_of_four_workers', 'generator_kept'])(
    '%s: its line is named',
    { ...needs(`CPython ${release}`), timeout: 180_000 },
    async (name) => {
      const { growth, stderr, code } = await measured([pythonOf(release)!, LEAKS, name])
      expect(code, stderr).toBe(0)
      expect(growth[0], stderr).toMatchObject({ engine: 'tracemalloc', cause: { file: LEAKS, line: truth.get(name) } })
    },
  )
})

describe('stacks', { timeout: 180_000 }, () => {
  const layers = [PYTHON, heapProgram('layers.py')]
  const lines = leaksOf('store.py')

  test('have as many frames as --heap-depth says, from the line outward', async () => {
    for (const depth of [1, 2, 4]) {
      const options = ['--heap-diff', '3', '--heap-depth', String(depth)]
      const { growth, stderr } = await measured(layers, { options })
      const [first] = growth[0]!.lines
      expect(first, stderr).toMatchObject({
        file: heapProgram('store.py'),
        line: lines.get('layers'),
        function: 'make',
      })
      expect(first!.stack.map((frame) => frame.function)).toEqual(
        ['make', 'keep', 'handle', '<module>'].slice(0, depth),
      )
    }
  })

  test.for(['store', 'store.py', heapProgram('store.py')])(
    'pass over %s with --heap-ignore, for the line that calls it',
    async (name) => {
      const { growth, stderr } = await measured(layers, { options: ['--heap-diff', '3', '--heap-ignore', name] })
      const line = leaksOf('layers.py').get('layers')
      expect(growth[0]!.cause, stderr).toEqual({ file: heapProgram('layers.py'), line, function: 'handle' })
    },
  )

  test('--heap-depth without --heap-diff is refused', async () => {
    const { code, stderr } = await runTidemark(['run', '--heap-depth', '3', '--', 'true'])
    expect(code).toBe(2)
    expect(stderr).toContain('--heap-depth needs --heap-diff')
  })
})

test('a Python that reads no environment, and a program that ends too soon, leave a sentence and their exit code', async () => {
  const closed = await measured([PYTHON, '-I', '-c', 'raise SystemExit(7)'])
  expect(closed).toMatchObject({ code: 7, growth: [] })
  expect(closed.stderr).toContain('was started with -I')
  const short = await measured([PYTHON, LEAKS, 'closure', '4'])
  expect(short).toMatchObject({ code: 0, growth: [] })
  expect(short.stderr).toContain('had completed 4 of the 10 rounds that it takes')
  expect(short.stderr).toContain('--heap-diff 2')
}, 120_000)

test("the user's own sitecustomize runs, and sees no folder of ours", async () => {
  const folder = temporaryFolder()
  writeFileSync(
    join(folder, 'sitecustomize.py'),
    'import sys\nprint("own", any("tidemark_heap" in path for path in sys.path))\n',
  )
  const { stdout, code } = await runTidemark(
    ['run', '--out', join(folder, 'recording'), '--heap-diff', '1', '--', PYTHON, '-c', ''],
    { env: { PYTHONPATH: folder } },
  )
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'own False\n' })
}, 60_000)

test('a program that waits is measured by attach; one that does not leaves the command to start it with', async () => {
  const folder = temporaryFolder()
  const inject = fileURLToPath(new URL('../../python/tidemark_heap/inject', import.meta.url))
  const start = (more: Record<string, string>) => {
    const env = { ...process.env, PAUSE: '0.3', TIDEMARK_MARKS: join(folder, 'marks'), ...more }
    const child = spawn(PYTHON, [LEAKS, 'closure', '1000'], { env, stdio: ['ignore', 'pipe', 'ignore'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    return new Promise<number>((resolve) => child.stdout!.once('data', () => resolve(child.pid!)))
  }
  const waiting = await start({ TIDEMARK_HEAP: 'on-demand', PYTHONPATH: inject })
  const attached = startTidemark(['attach', '--heap-diff', '2', '--json', '--out', join(folder, 'a'), String(waiting)])
  const { stdout, stderr } = await attached.finished
  const growth = JSON.parse(stdout).heapDiff as HeapGrowth[]
  expect(growth[0], stderr).toMatchObject({ engine: 'tracemalloc' })
  expect(growth[0]!.lines[0]).toMatchObject({ file: LEAKS, line: truth.get('closure') })

  const deaf = await start({})
  const refused = await runTidemark(['attach', '--heap-diff', '2', '--out', join(folder, 'b'), String(deaf)])
  expect(refused.code).toBe(2)
  expect(refused.stderr).toContain(`TIDEMARK_HEAP=on-demand PYTHONPATH=${inject} python3`)
}, 180_000)
