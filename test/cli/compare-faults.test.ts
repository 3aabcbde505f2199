/** What a machine may refuse while a comparison runs: the reset of peaks, room on the disk, the library for native calls. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Comparison } from '../../src/results/comparison.js'
import type { Mark } from '../../src/shared/marks.js'
import { needs } from '../optional-parts.js'
import { temporaryFolder } from '../temporary-folder.js'
import { PROGRAM, startTidemark } from '../tidemark.js'

const project = fileURLToPath(new URL('../..', import.meta.url))
const UNJUDGED = join(project, 'test/fixtures/suites/unjudged.memory.ts')
const JOB = ['compare', UNJUDGED, '--trainer', 'echo', '--model-size', '1MB', '--arena-max', 'unset']
const SHORT = [...JOB, '--rounds', '3', '--trials', '1', '--details']

describe('on a machine', needs('mounts'), () => {
  test('that refuses to reset peaks, they are sampled, and every output says so', async () => {
    const out = join(temporaryFolder(), 'results')
    const { code, stdout, stderr } = await inNamespace('mount --rbind /proc /proc && mount -o remount,bind,ro /proc', [
      ...SHORT,
      '--server-memory-gc-rounds',
      '1',
      '--out',
      out,
    ])
    expect(code, stderr).toBe(0)
    const [trial] = readComparison(out).trials
    expect(trial!.rounds.map(({ peakKind }) => peakKind)).toEqual(Array(9).fill('sampled'))
    for (const { peakBytes, end } of trial!.rounds) expect(peakBytes).toBeGreaterThanOrEqual(end.rssBytes)
    const files = ['summary.md', 'report.html'].map((name) => readFileSync(join(out, name), 'utf8'))
    for (const output of [stdout, ...files]) {
      expect(output).toContain('Peaks of some rounds are sampled, not exact')
      expect(output).toContain('≥')
    }
  })

  test('whose disk is full, what was measured is kept, the error says what to do, and nothing runs on', async () => {
    const folder = temporaryFolder()
    const { code, stdout, stderr } = await inNamespace(
      // The folder is gone with the namespace, so what was left in it is printed.
      `mount -t tmpfs -o size=96k tmpfs ${folder}`,
      [...JOB, '--rounds', '12', '--trials', '3', '--server-memory-gc-rounds', '0,1', '--out', join(folder, 'results')],
      `cat ${join(folder, 'results/comparison.json')}; ls ${join(folder, 'results')} >&2`,
    )
    expect(code, stderr).toBe(2)
    expect(stderr).toContain('The disk is full. Make room, then continue with --resume.')
    expect(stderr).not.toMatch(/^ +at /m)
    expect(stderr).not.toContain('.part')
    const comparison = JSON.parse(stdout) as Comparison
    expect(comparison.state).toBe('running')
    expect(comparison.trials.every(({ state }) => state === 'completed' || state === 'failed')).toBe(true)
    expect(processesNaming(folder)).toEqual([])
  })
})

test('without koffi a comparison runs, and every output says that pages were not given back', async () => {
  const folder = temporaryFolder()
  const out = join(folder, 'results')
  const program = copyWithoutKoffi(folder)
  const { code, stdout, stderr } = await finishOf(process.execPath, [
    program,
    ...SHORT,
    '--server-memory-gc-rounds',
    '1',
    '--out',
    out,
  ])
  expect(code, stderr).toBe(0)
  const [trial] = readComparison(out).trials
  const server = trial!.rounds.filter(({ role }) => role === 'server')
  expect(server.map(({ cleanup }) => cleanup!.purgeMs)).toEqual([null, null, null])
  expect(trial!.attribution).toBeNull()
  const files = ['summary.md', 'report.html'].map((name) => readFileSync(join(out, name), 'utf8'))
  for (const output of [stdout, ...files])
    expect(output).toContain('In 3 of 3 cleanups the allocator could not return its free pages')
  expect(readFileSync(join(out, trial!.folder, 'server.log'), 'utf8')).toContain('Install koffi')
})

test('a client that is killed in the middle of a trial is named, and the round continues with the others', async () => {
  const out = join(temporaryFolder(), 'results')
  const args = [...JOB, '--rounds', '300', '--model-size', '100kB', '--trials', '1', '--server-memory-gc-rounds', '0']
  const { finished } = startTidemark([...args, '--reconnect-grace', '200ms', '--out', out])
  const pid = await vi.waitFor(
    () => {
      const mark = marksIn(out).find((one) => one.mark === 'round' && one.name === 'site-1' && one.round >= 3)
      if (mark === undefined) throw new Error('site-1 has not ended round 3 yet')
      return mark.pid
    },
    { timeout: 30_000, interval: 20 },
  )
  process.kill(pid, 'SIGKILL')
  const { code, stderr } = await finished
  expect(code, stderr).toBe(0)
  const [trial] = readComparison(out).trials
  expect(trial).toMatchObject({ state: 'completed', reason: null })
  expect(trial!.rounds.filter(({ role }) => role === 'server')).toHaveLength(300)
  expect(trial!.warnings.join('\n')).toMatch(/client "site-1".* killed by SIGKILL/)
})

/** Runs the program in a mount namespace of its own, which `prepare` changes; `after` runs in it when the program has ended. */
function inNamespace(prepare: string, args: string[], after = ':') {
  const script = `${prepare} && { "$@"; code=$?; ${after}; exit $code; }`
  return finishOf('unshare', ['-rm', 'sh', '-c', script, 'sh', process.execPath, PROGRAM, ...args])
}

async function finishOf(program: string, args: string[]) {
  const child = spawn(program, args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  })
  onTestFinished(() => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGKILL')
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, ...output }
}

/** The compiled program beside all of its packages but one. */
function copyWithoutKoffi(folder: string): string {
  for (const part of ['dist', 'data', 'suites', 'package.json'])
    cpSync(join(project, part), join(folder, part), { recursive: true })
  mkdirSync(join(folder, 'node_modules'))
  for (const name of readdirSync(join(project, 'node_modules')))
    if (name !== 'koffi') symlinkSync(join(project, 'node_modules', name), join(folder, 'node_modules', name))
  const program = join(folder, 'dist/cli/main.js')
  expect(existsSync(program)).toBe(true)
  return program
}

function readComparison(folder: string): Comparison {
  return JSON.parse(readFileSync(join(folder, 'comparison.json'), 'utf8')) as Comparison
}

/** A last line that is still being written is left out. */
function marksIn(folder: string): Mark[] {
  const trials = join(folder, 'trials')
  if (!existsSync(trials)) return []
  return readdirSync(trials).flatMap((trial) => {
    const file = join(trials, trial, 'marks.ndjson')
    if (!existsSync(file)) return []
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
    return lines.map((line) => JSON.parse(line) as Mark)
  })
}

/** Pids of processes whose environment speaks of the folder: every role's does, in TIDEMARK_MARKS. */
function processesNaming(folder: string): string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false
    try {
      return readFileSync(`/proc/${name}/environ`, 'latin1').includes(folder)
    } catch (error) {
      // Ended meanwhile, or another user's: neither is ours.
      if ((error as NodeJS.ErrnoException).code === undefined) throw error
      return false
    }
  })
}
