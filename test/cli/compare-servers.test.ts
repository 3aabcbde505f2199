import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { Comparison, TrialResult } from '../../src/results/comparison.js'
import { MIB } from '../../src/shared/units.js'
import { analyzeRounds } from '../../src/verdict/shape/analyze-rounds.js'
import { needs } from '../optional-parts.js'
import { PYTHON } from '../python.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark } from '../tidemark.js'

const server = (name: string) =>
  `${PYTHON} ${fileURLToPath(new URL(`../fixtures/servers/${name}.py`, import.meta.url))}`

async function compare(command: string, ...args: string[]): Promise<{ code: number | null; trials: TrialResult[] }> {
  const out = join(temporaryFolder(), 'results')
  const { code, stderr } = await runTidemark(['compare', '--command', command, ...args, '--trials', '1', '--out', out])
  expect(code, stderr).not.toBe(2)
  return { code, trials: (JSON.parse(readFileSync(join(out, 'comparison.json'), 'utf8')) as Comparison).trials }
}

function endRss({ rounds }: TrialResult, role = 'server'): number[] {
  return rounds.filter((round) => round.role === role).map(({ end }) => end.rssBytes)
}

test('a server that leaks grows, by what it keeps', async () => {
  const { code, trials } = await compare(
    `${server('leaks')} --rounds 14`,
    '--rounds',
    'nvflare',
    '--role',
    'server=leaks',
  )
  expect(code).toBe(0)
  const { shape, slopeBytesPerRound } = analyzeRounds(endRss(trials[0]!))
  expect(shape).toBe('grows')
  expect(Math.abs(slopeBytesPerRound!.estimate / MIB - 4)).toBeLessThan(0.5)
})

test('a server that fills a cache settles, at what the cache may take', async () => {
  const { code, trials } = await compare(server('settles'), '--rounds', 'nvflare', '--role', 'server=settles')
  expect(code).toBe(0)
  const rss = endRss(trials[0]!)
  const { shape, levelBytes, settledAtRound } = analyzeRounds(rss)
  expect(shape).toBe('settling')
  // A third of 60 MiB is there after the first round.
  expect(Math.abs((levelBytes! - rss[0]!) / MIB - 40)).toBeLessThan(2)
  expect(settledAtRound).toBeLessThan(20)
})

test('a server whose garbage sits in cycles grows, saw-tooths or stays flat, by how often it collects', async () => {
  const { code, trials } = await compare(
    `${server('garbage_in_cycles')} --gc {gc} --rounds 20`,
    ...['-L', 'gc', '0,5,1', '--rounds', 'nvflare', '--role', 'server=garbage_in_cycles'],
  )
  expect(code).toBe(0)
  const found = (gc: number) => {
    const trial = trials.find(({ setting }) => setting === `gc=${gc}`)!
    return analyzeRounds(endRss(trial), gc > 0 ? { gcRounds: gc } : {})
  }
  expect(found(0).shape).toBe('grows')
  expect(Math.abs(found(0).slopeBytesPerRound!.estimate / MIB - 8)).toBeLessThan(0.5)
  expect(found(5)).toMatchObject({ shape: 'sawtooth', period: 5 })
  // From a collection to the next four rounds' results gather; what the next collection frees is not taken for this one's.
  expect(Math.abs(found(5).amplitudeBytes! / MIB - 32)).toBeLessThan(2)
  expect(found(1).shape).toBe('stable')
})

test('MALLOC_ARENA_MAX shows its effect on eight threads, and none on a server without threads', async () => {
  const axis = ['-L', 'MALLOC_ARENA_MAX', 'unset,1', '--rounds', 'nvflare']
  const { trials } = await compare(server('fragments_arenas'), ...axis, '--role', 'server=fragments_arenas')
  const last = (all: TrialResult[], label: string) =>
    endRss(all.find(({ setting }) => setting.endsWith(label))!).at(-1)!
  expect(last(trials, 'unset') - last(trials, '=1')).toBeGreaterThan(10 * MIB)
  const single = await compare(`${server('leaks')} --rounds 3`, ...axis, '--role', 'server=leaks')
  expect(Math.abs(last(single.trials, 'unset') - last(single.trials, '=1'))).toBeLessThan(2 * MIB)
})

test('memory in two processes is judged by their sum', async () => {
  const { code, trials } = await compare(`${server('two_processes')} flower-superlink`, '--rounds', 'flower')
  expect(code).toBe(0)
  const [app, link, sum] = ['server', 'superlink', 'server+superlink'].map((role) => endRss(trials[0]!, role))
  expect(sum!.length).toBe(6)
  expect(sum).toEqual(app!.map((bytes, index) => bytes + link![index]!))
  expect(sum![5]! - sum![0]!).toBeGreaterThan(35 * MIB) // 4 MiB a round in each of the two
})

test('a trial whose process dropped the allocator fails with the reason', needs('jemalloc'), async () => {
  const { code, trials } = await compare(
    `env -u LD_PRELOAD ${server('leaks')} --rounds 3`,
    ...['--allocator', 'jemalloc', '--rounds', 'nvflare', '--role', 'server=leaks'],
  )
  expect(code).toBe(3)
  expect(trials[0]!.reason).toMatch(/^the allocator asked for is jemalloc, the one loaded in the server .*is glibc$/)
})

test.each([
  ['dies-at-round-7', 'failed', /exited with code 1 after round 6/],
  ['no-round', 'failed', /not one round of the server was recorded/],
])('a server that %s is recorded as what it is', async (how, state, reason) => {
  const { code, trials } = await compare(`${server('misbehaves')} ${how}`, '--rounds', 'Round (\\d+) started')
  expect(code).toBe(3)
  expect(trials[0]).toMatchObject({ state })
  expect(trials[0]!.reason).toMatch(reason)
})

test('rounds out of order are in the warnings, one that is reported twice is one', async () => {
  const { trials } = await compare(`${server('misbehaves')} out-of-order`, '--rounds', 'Round (\\d+) started')
  expect(trials[0]!.warnings.join('\n')).toContain('round 3 followed round 1: round 2 was not seen')
  expect(trials[0]!.warnings.join('\n')).not.toContain('twice')
  expect(trials[0]!.rounds.map(({ round }) => round)).toEqual([1, 3, 2, 4])
})

test('a server that hangs and ignores SIGTERM is killed, and the next trial runs', async () => {
  const { code, trials } = await compare(
    `${server('misbehaves')} {how}`,
    ...['-L', 'how', 'ignores-sigterm,out-of-order', '--rounds', 'Round (\\d+) started', '--trial-deadline', '4s'],
  )
  expect(code).toBe(3)
  const stubborn = trials.find(({ setting }) => setting === 'how=ignores-sigterm')!
  expect(stubborn.reason).toContain('it took longer than 4.0 s (--trial-deadline)')
  expect(stubborn.warnings.join('\n')).toContain('did not end within 3.0 s of SIGTERM and was killed')
  expect(trials.find(({ setting }) => setting === 'how=out-of-order')).toMatchObject({ state: 'completed' })
})

test('a server that writes 1 GB of log is recorded as that, its log is shortened, and the next trial runs', async () => {
  const { code, trials } = await compare(
    `${server('misbehaves')} {how}`,
    ...['-L', 'how', 'writes-1-gb,out-of-order', '--rounds', 'Round (\\d+) started'],
  )
  expect(code).toBe(0)
  const loud = trials.find(({ setting }) => setting === 'how=writes-1-gb')!
  expect(loud).toMatchObject({ state: 'completed' })
  expect(endRss(loud).length).toBe(3) // the last one ends with the program
  expect(loud.warnings.join('\n')).toMatch(
    /command\.log had grown to 95\d\.\d MiB; its first and last 1\.0 MiB were kept/,
  )
  expect(trials.find(({ setting }) => setting === 'how=out-of-order')).toMatchObject({ state: 'completed' })
})
