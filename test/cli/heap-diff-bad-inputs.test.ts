/** What `--heap-diff` meets in practice: each leaves a sentence, the recording, and the program's own exit code. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readRecording } from '../../src/recording/storage/read-recording.js'
import { heapProgram, leaksOf, measured } from '../fixtures/heap/measured.js'
import { programsOf } from '../frameworks/framework-job.js'
import { needs } from '../optional-parts.js'
import { PYTHON } from '../python.js'
import { temporaryFolder } from '../temporary-folder.js'
import { PROGRAM } from '../tidemark.js'

const LEAKS = heapProgram('leaks.py')
const MIB = 2 ** 20

describe('an interpreter that lets nothing in', { timeout: 60_000 }, () => {
  test.for([
    ['-I', 'does not read PYTHONPATH'],
    ['-E', 'does not read PYTHONPATH'],
    ['-S', 'loads no sitecustomize'],
    ['-uSB', 'loads no sitecustomize'],
  ] as const)('%s', async ([flag, why]) => {
    const { code, growth, stderr } = await measured([PYTHON, flag, '-c', 'raise SystemExit(7)'])
    expect({ code, growth }).toEqual({ code: 7, growth: [] })
    expect(stderr).toContain(`was started with ${flag}, so that it ${why}`)
  })
})

describe('an old memray', { timeout: 120_000 }, () => {
  const expectTracemalloc = ({ code, growth, stderr }: Awaited<ReturnType<typeof measured>>, release: string) => {
    expect(code, stderr).toBe(0)
    expect(growth[0], stderr).toMatchObject({ engine: 'tracemalloc' })
    expect(growth[0]!.notes).toContain(`memray ${release} is too old: 1.8 or later is needed`)
    expect(growth[0]!.lines[0]).toMatchObject({ file: LEAKS, line: leaksOf('leaks.py').get('closure') })
  }

  test('is passed over for tracemalloc, and the reason is a note', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'memray.py'), '__version__ = "1.6.0"\nclass FileReader: pass\n')
    expectTracemalloc(await measured([PYTHON, LEAKS, 'closure'], { env: { PYTHONPATH: folder } }), '1.6.0')
  })

  test('from PyPI too', needs('memray 1.7', 'every form of a framework'), async () => {
    expectTracemalloc(await measured([join(programsOf('memray-1.7'), 'python'), LEAKS, 'closure']), '1.7.0')
  })

  test('and one that cannot be imported', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'memray.py'), 'raise ImportError("built for another system")\n')
    const { growth, stderr } = await measured([PYTHON, LEAKS, 'closure'], { env: { PYTHONPATH: folder } })
    expect(growth[0]!.notes, stderr).toContain('memray cannot be imported: built for another system')
  })
})

describe('with memray', { timeout: 240_000, ...needs('memray') }, () => {
  const python = () => join(programsOf('memray-1.20'), 'python')

  test('200 workers', needs('every form of a framework'), async () => {
    await expectManyWorkers(python(), 'memray')
  })

  test('a disk that is nearly full', needs('mounts', 'every form of a framework'), () => {
    const folder = temporaryFolder()
    const script = 'mount -t tmpfs -o size=64m tmpfs "$0" && exec "$@"'
    const tidemark = [process.execPath, PROGRAM, 'run', '--heap-diff', '5', '--out', join(folder, 'recording')]
    // Slow enough to look at the disk, which is done five times a second.
    const program = ['env', 'PAUSE=0.2', python(), LEAKS, 'closure', '11']
    const ran = spawnSync('unshare', ['-rm', 'sh', '-c', script, folder, ...tidemark, '--', ...program], {
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1' },
    })
    expect(ran.status, ran.stderr).toBe(0)
    expect(ran.stderr).toMatch(
      /nothing can be compared: measuring stopped after round \d+: memray left \d+ MiB free on the disk/,
    )
  })
})

describe('with tracemalloc', { timeout: 240_000 }, () => {
  test('200 workers', needs('every form of a framework'), async () => {
    await expectManyWorkers(PYTHON, 'tracemalloc')
  })

  test(
    'gunicorn: the workers are measured, and the line that leaks is named',
    needs('gunicorn', 'every form of a framework'),
    async () => {
      const job = [join(programsOf('gunicorn-27'), 'python'), heapProgram('gunicorn_job.py'), '3']
      const { code, growth, stderr } = await measured(job, { options: ['--heap-diff', '3'] })
      expect(code, stderr).toBe(0)
      const line = leaksOf('gunicorn_app.py').get('gunicorn')
      // The process that started them loads modules meanwhile, and may grow by more.
      const worker = growth.find(({ process }) => process.role === 'worker')
      expect(worker?.cause, stderr).toMatchObject({ file: heapProgram('gunicorn_app.py'), line })
    },
  )

  test('a file that may not grow, as on a full disk', async () => {
    const limited = ['sh', '-c', 'ulimit -f 64 && exec "$0" "$@"', PYTHON, LEAKS, 'list_of_dicts']
    const { code, growth, out, stderr } = await measured(limited)
    expect({ code, growth }, stderr).toEqual({ code: 0, growth: [] })
    expect(stderr).toContain(
      'nothing can be compared: what was live after round 5 could not be written: File too large',
    )
    expect(readRecording(out).rounds).toHaveLength(11)
  })

  test('more blocks than can be looked at', needs('every form of a framework'), async () => {
    const program = 'import leaks\nblocks = [object() for _ in range(9_000_000)]\nfor n in range(1, 4): leaks.mark(n)\n'
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'many.py'), program)
    const env = { PYTHONPATH: join(LEAKS, '..') }
    const { code, growth, stderr } = await measured([PYTHON, join(folder, 'many.py')], {
      options: ['--heap-diff', '1'],
      env,
    })
    expect({ code, growth }, stderr).toEqual({ code: 0, growth: [] })
    expect(stderr).toMatch(/the program has so many blocks that tracemalloc takes \d+ MiB to keep their stacks/)
  })
})

test('Node: a heap too large to be written is measured by line alone', async () => {
  const folder = temporaryFolder()
  const program = join(folder, 'large.mjs')
  writeFileSync(
    program,
    `import { appendFileSync } from 'node:fs'
globalThis.base = Array.from({ length: 1100 }, (_, i) => new Array(2 ** 17).fill(i + 0.5))
globalThis.kept = []
export function leak(number) { kept.push(new Array(2 ** 18).fill(number + 0.5)) }
for (let round = 1; round <= 5; round++) {
  for (let i = 0; i < 4; i++) leak(round)
  appendFileSync(process.env.TIDEMARK_MARKS, JSON.stringify({ mark: 'round', round, pid: process.pid }) + '\\n')
}
`,
  )
  const node = [process.execPath, '--max-old-space-size=4000', program]
  const { code, growth, stderr } = await measured(node, { options: ['--heap-diff', '2'] })
  expect(code, stderr).toBe(0)
  expect(growth[0]!.notes, stderr).toEqual([expect.stringContaining('the heap was larger than 1 GiB')])
  expect(growth[0]!.constructors).toBeUndefined()
  expect(growth[0]!.lines[0]).toMatchObject({ file: program, line: 4, function: 'leak' })
}, 120_000)

async function expectManyWorkers(python: string, engine: string): Promise<void> {
  const { code, growth, stderr } = await measured([python, heapProgram('workers.py'), '200'], {
    options: ['--heap-diff', '3'],
  })
  expect(code, stderr).toBe(3)
  expect(stderr).toContain('the program started more processes than are measured: 32 were')
  expect(growth[0]!.cause, stderr).toMatchObject({ line: leaksOf('workers.py').get('workers') })
  expect(growth[0]).toMatchObject({ engine, fromRound: 3, toRound: 6 })
  expect(growth[0]!.rssGrowthBytes).toBeGreaterThan(2 * MIB)
}
