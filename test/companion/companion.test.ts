/** The companion for Python in python/, as a user has it: in recorded programs, installed with pip, or as one copied file. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readRecording } from '../../src/recording/storage/read-recording.js'
import { needs } from '../optional-parts.js'
import { PYTHON, pythonOf, RELEASES } from '../python.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark } from '../tidemark.js'
import { COMPANION, ENVIRONMENT_PYTHON, installCompanion, snippetsOfPage } from './companion.js'

const TIMEOUT_MS = 240_000
const MIB = 2 ** 20

describe.each(RELEASES)('CPython %s', (release) => {
  test('passes the tests of the companion, which need the standard library alone', {
    ...needs(`CPython ${release}`),
    timeout: TIMEOUT_MS,
  }, () => {
    const tests = ['-m', 'unittest', 'discover', '-s', join(COMPANION, 'tests')]
    const { status, stderr } = spawnSync(pythonOf(release)!, ['-B', ...tests], { encoding: 'utf8' })
    expect(status, stderr).toBe(0)
    expect(stderr).toMatch(/^Ran [1-9]\d* tests in .*\n\nOK$/m)
  })
})

describe('a recorded program', { timeout: TIMEOUT_MS }, () => {
  test('has the exact peak and end RSS of every round, also of the last one, after which it ends at once', async () => {
    const { recording, stderr } = await record(`
import tidemark
tidemark.start()
for number in range(1, 7):
    with tidemark.round(number, role='server'):
        spike = bytearray(number * 16 << 20)
        del spike
`)
    const [initial] = recording.initial
    expect(recording.rounds.map(({ round, role, peakKind }) => [round, role, peakKind])).toEqual(
      [1, 2, 3, 4, 5, 6].map((round) => [round, 'server', 'exact']),
    )
    for (const { round, peakBytes, end } of recording.rounds) {
      expect((peakBytes! - initial!.memory.rssBytes) / MIB / 16, `peak of round ${round}`).toBeCloseTo(round, 0)
      expect((end.rssBytes - initial!.memory.rssBytes) / MIB).toBeLessThan(4)
    }
    expect(recording.warnings.filter((warning) => warning.includes('mark'))).toEqual([])
    expect(stderr).toMatch(/^ +6 +server/m)
  })

  test('is called by --role where it does not say what it is', async () => {
    const program = 'import tidemark\nfor n in (1, 2): tidemark.mark_round(n)\n'
    const { recording } = await record(program, ['--role', 'trainer=program.py'])
    expect(recording.rounds.map(({ role }) => role)).toEqual(['trainer', 'trainer'])
  })

  test('has all its processes read at a mark about all, while they hold what they hold', async () => {
    // At a sample a second the child lives between two samples.
    const program = `
import subprocess, sys, tidemark
hold = "x = bytearray(64 << 20); print(flush=True); import sys; sys.stdin.read()"
child = subprocess.Popen([sys.executable, '-c', hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdout.readline()
tidemark.mark_round(1, all_processes=True)
child.stdin.close()
child.wait()
`
    const { recording } = await record(program, ['--rate', '1'])
    expect(recording.rounds).toHaveLength(2)
    expect(Math.max(...recording.rounds.map(({ end }) => end.rssBytes))).toBeGreaterThan(64 * MIB)
    for (const { startedMs, endedMs } of recording.rounds) expect(startedMs).toBeLessThanOrEqual(endedMs)
  })

  test('leaves out a copy that was just forked, whose pages are those of its parent', async () => {
    const program = `
import os, time, tidemark
held = bytearray(b'x') * (64 << 20)
child = os.fork()
if child == 0:
    time.sleep(0.3)
    os._exit(0)
tidemark.mark_round(1, all_processes=True)
os.waitpid(child, 0)
`
    const { recording } = await record(program, ['--rate', '1'])
    expect(recording.rounds.map(({ round, name }) => [round, name])).toEqual([[1, 'program.py']])
  })

  test('keeps the peaks of its rounds, and of its life, where it resets its own peak, by marks of either kind', async () => {
    for (const options of ['', ', all_processes=True']) {
      const { recording } = await record(`
import tidemark
for number in (1, 2):
    spike = bytearray(64 * number << 20)
    del spike
    tidemark.reset_peak()
    tidemark.mark_round(number${options})
`)
      const peaks = recording.rounds.map(({ peakBytes }) => Math.round(peakBytes! / MIB / 64))
      expect([peaks, recording.rounds.map(({ peakKind }) => peakKind)]).toEqual([
        [1, 2],
        ['exact', 'exact'],
      ])
      expect(recording.head.processes[0]!.peakBytes! / MIB).toBeGreaterThan(128)
    }
  })

  test('takes tidemark.py as one copied file', async () => {
    const folder = temporaryFolder()
    copyFileSync(join(COMPANION, 'tidemark/tidemark.py'), join(folder, 'tidemark.py'))
    const { recording } = await record('import tidemark\ntidemark.mark_round(1)\n', [], { folder, path: '' })
    expect(recording.rounds.map(({ round }) => round)).toEqual([1])
  })

  test('runs the snippets of the page of the companion', async () => {
    const [rounds, peaks] = snippetsOfPage()
    const { recording } = await record(`${rounds}\n${peaks}`)
    expect(recording.rounds.map(({ round, cleanup }) => [round, cleanup !== null])).toEqual(
      Array.from({ length: 10 }, (_, i) => [i + 1, (i + 1) % 5 === 0]),
    )
  })
})

test('where /proc cannot be written a peak is called sampled, and the marks tell no peak', needs('mounts'), () => {
  const program = `
import tidemark, time
tidemark.reset_peak()
spike = bytearray(32 << 20)
time.sleep(0.05)
first = tidemark.peak()
del spike
tidemark.reset_peak()
spike = bytearray(16 << 20)
until = time.monotonic() + 10
while tidemark.peak().bytes < first.bytes - (17 << 20) and time.monotonic() < until: time.sleep(0.01)
del spike
print(first.how, tidemark.peak().how, (first.bytes - tidemark.peak().bytes) >> 20)
tidemark.mark_round(1)
print(open(__import__('os').environ['TIDEMARK_MARKS']).read())
`
  const script = 'mount -t proc proc /proc && mount -o remount,bind,ro /proc && exec "$@"'
  const env = { ...process.env, PYTHONPATH: COMPANION, TIDEMARK_MARKS: join(temporaryFolder(), 'marks') }
  const command = ['-rm', '--pid', '--fork', 'sh', '-c', script, 'sh', PYTHON, '-Bc', program]
  const { stdout, stderr } = spawnSync('unshare', command, { encoding: 'utf8', env })
  const [said, mark] = stdout.split('\n')
  expect(said, stderr).toMatch(/^exact sampled 1[5-7]$/) // the first spike raised the kernel's mark
  expect(JSON.parse(mark!)).toMatchObject({ round: 1, peakBytes: null })
})

describe('the package', { ...needs('pytest'), timeout: TIMEOUT_MS }, () => {
  test('is installed by pip from its folder, with types that mypy --strict takes', () => {
    const folder = temporaryFolder()
    const site = installCompanion(folder)
    writeFileSync(
      join(folder, 'uses.py'),
      'import tidemark\nwith tidemark.round(1) as one:\n    number: int = one.number\nsize: int = tidemark.peak().bytes\n',
    )
    const run = (...args: string[]) =>
      spawnSync(ENVIRONMENT_PYTHON, args, {
        cwd: folder,
        encoding: 'utf8',
        env: { ...process.env, PYTHONPATH: site, MYPYPATH: site },
      })
    const { status, stdout } = run('-m', 'mypy', '--strict', 'uses.py')
    expect([status, stdout]).toEqual([0, 'Success: no issues found in 1 source file\n'])
    expect(run('uses.py').status).toBe(0)
    const wrong = run('-m', 'mypy', '--strict', '-c', 'import tidemark\ntidemark.mark_round("1")')
    expect(wrong.stdout).toContain('incompatible type "str"; expected "int"')
    const own = ['tidemark.py', 'pytest_plugin.py', '_growth.py', '_chart.py', '_size.py', 'flower.py']
    const checked = spawnSync(
      ENVIRONMENT_PYTHON,
      ['-m', 'mypy', '--strict', '--ignore-missing-imports', ...own.map((name) => join('tidemark', name))],
      { cwd: COMPANION, encoding: 'utf8', env: { ...process.env, MYPY_CACHE_DIR: join(folder, 'mypy') } },
    )
    expect(checked.stdout).toMatch(/^Success/)
  })
})

/** Runs a program under `tidemark run`, with the companion in PYTHONPATH. */
async function record(program: string, options: string[] = [], { folder = temporaryFolder(), path = COMPANION } = {}) {
  writeFileSync(join(folder, 'program.py'), program)
  const out = join(folder, 'recording')
  const env = { PYTHONPATH: path, PYTHONDONTWRITEBYTECODE: '1' }
  const command = ['run', ...options, '--out', out, '--', PYTHON, 'program.py']
  const { code, stderr } = await runTidemark(command, { cwd: folder, env })
  expect(code, stderr).toBe(0)
  return { recording: readRecording(out), stderr }
}
