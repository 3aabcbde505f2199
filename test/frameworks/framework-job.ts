import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream, existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { expect } from 'vitest'
import type { HeapGrowth } from '../../src/recording/heap/heap-growth.js'
import type { Recording, RoundRecord } from '../../src/recording/recording.js'
import { readRecording } from '../../src/recording/storage/read-recording.js'
import { analyzeRounds } from '../../src/verdict/shape/analyze-rounds.js'
import { PYTHON } from '../python.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark } from '../tidemark.js'

const FIXTURES = resolve(import.meta.dirname, '../fixtures/frameworks')
export const NVFLARE_JOB = join(FIXTURES, 'nvflare/job.py')
export const POC = join(FIXTURES, 'nvflare/poc.sh')
export const RUN_FLOWER = join(FIXTURES, 'flower/run-flower.sh')
export const FLOWER_SIMULATION = join(FIXTURES, 'flower/simulate-flower.sh')

/** The folder of the programs of a framework's environment, as scripts/frameworks.sh makes it. */
export function programsOf(environment: string): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tidemark/frameworks', environment, 'bin')
}

export interface FrameworkJob {
  preset: 'nvflare' | 'flower'
  command: string[]
  env?: Record<string, string>
  /** Arguments of `tidemark run` beside those. */
  options?: (folder: string) => string[]
  /** Rounds by the marks of the companion for Python, and by no line of the log. */
  hasCompanion?: boolean
}

export const COMPANION = resolve(import.meta.dirname, '../../python')

/** What a program of our own has read of one process: time, pid, RSS and the kernel's mark. */
type Reading = [timeMs: number, pid: number, rssBytes: number, peakBytes: number]

/** The peak of the round before, by the kernel's mark, and RSS, as the process itself read them there; 0 where it could not. */
interface Boundary {
  timeMs: number
  peakBytes: number
  rssBytes: number
}

/** A job of a real framework as Tidemark recorded it, and as somebody else saw it. */
export interface SeenJob {
  recording: Recording
  /** When rounds began, by the job itself, and when the last one ended; for each process that said so. */
  boundaries: Map<number, Boundary[]>
  readings: Reading[]
  output: string
}

/** Records a job, with the reader of `/proc` beside it. */
export async function recordJob({
  preset,
  command,
  env = {},
  options = () => [],
  hasCompanion = false,
}: FrameworkJob): Promise<SeenJob> {
  const folder = temporaryFolder()
  const id = randomUUID()
  const boundariesFile = join(folder, 'boundaries.txt')
  const readingsFile = join(folder, 'readings.txt')
  const reader = spawn(PYTHON, ['-u', join(FIXTURES, 'proc_reader.py'), id], { stdio: ['ignore', 'pipe', 'inherit'] })
  const file = createWriteStream(readingsFile)
  reader.stdout.pipe(file)
  const recordingFolder = join(folder, 'recording')
  const ran = await runTidemark(
    [
      'run',
      ...(hasCompanion ? [] : ['--rounds', preset]),
      ...options(folder),
      '--out',
      recordingFolder,
      '--',
      ...command,
    ],
    {
      cwd: folder,
      env: {
        ...env,
        ...quiet(folder),
        ...(hasCompanion && { PYTHONPATH: COMPANION, PYTHONDONTWRITEBYTECODE: '1' }),
        FRAMEWORK_TEST: id,
        BOUNDARIES: boundariesFile,
      },
    },
  )
  reader.kill()
  await once(file, 'close')
  const output = `${ran.stdout}\n${ran.stderr}`
  expect(ran.code, output).toBe(0)
  expect(existsSync(boundariesFile), output).toBe(true)
  return {
    recording: readRecording(recordingFolder),
    boundaries: boundariesOf(readFileSync(boundariesFile, 'utf8')),
    readings: linesOf(readingsFile).map((line) => line.split(' ').map(Number) as Reading),
    output,
  }
}

/**
 * Measures the heap of a leaky job and expects that the line of its server that is marked as the leak is named.
 *
 * @param fixture the file with the leak, whose copy the framework runs
 */
export async function expectLeakFound({
  fixture,
  options = [],
  command,
  env,
}: {
  fixture: string
  options?: string[]
  command: string[]
  env: Record<string, string>
}): Promise<void> {
  const folder = temporaryFolder()
  const out = join(folder, 'recording')
  const { code, stdout, stderr } = await runTidemark(
    ['run', '--heap-diff', '3', ...options, '--out', out, '--', ...command],
    {
      cwd: folder,
      env: { ...env, ...quiet(folder), PYTHONPATH: COMPANION, PYTHONDONTWRITEBYTECODE: '1' },
    },
  )
  const output = `${stdout}\n${stderr}`
  expect(code, output).toBe(0)
  const line =
    readFileSync(fixture, 'utf8')
      .split('\n')
      .findIndex((text) => text.endsWith('# leak')) + 1
  const found = JSON.parse(readFileSync(join(out, 'heap-growth.json'), 'utf8')) as HeapGrowth[]
  const server = found.find(({ process }) => process.role === 'server')
  expect(server, output).toMatchObject({ fromRound: 3, toRound: 6 })
  expect({ ...server!.lines[0], file: basename(server!.lines[0]!.file!) }, output).toMatchObject({
    file: basename(fixture),
    line,
  })
  expect(server!.cause, output).toMatchObject({ line })
  expect(found[0], 'the server is the process that grew most').toBe(server)
  expect(output).toMatch(new RegExp(`% of the growth is held at .*${basename(fixture)}:${line}`))
}

/** The snippets of Python on a page of docs/, which stand within lists there. */
export function pythonOnPage(name: string): string[] {
  const page = readFileSync(resolve(import.meta.dirname, '../../docs', name), 'utf8')
  return [...page.matchAll(/^( *)```python\n([\s\S]*?)^ *```$/gm)].map(([, indent, text]) =>
    text!.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  )
}

/** Frameworks send no usage reports and keep their files in the test's folder. */
export function quiet(folder: string): Record<string, string> {
  return {
    HOME: folder,
    JOB_FOLDER: folder,
    FLWR_TELEMETRY_ENABLED: '0',
    FLWR_DISABLE_UPDATE_CHECK: '1',
    RAY_USAGE_STATS_ENABLED: '0',
  }
}

/**
 * Holds the recorded rounds of one process against what the reader saw: as many rounds as were run, each peak within 2 %, each
 * end RSS within 5 % of one that was seen at its end, and the verdict that those give.
 */
export function expectAsSeen(seen: SeenJob, wanted: { role: string; rounds: number; gcRounds: number }): RoundRecord[] {
  const { recording, boundaries, readings, output } = seen
  const pids = new Set(recording.rounds.filter(({ role }) => role === wanted.role).map(({ pid }) => pid))
  const reported = [...boundaries.keys()].filter((pid) => pids.has(pid))
  expect(reported, `no process of the role ${wanted.role} among those that reported rounds\n${output}`).not.toEqual([])
  const pid = reported[0]!
  const rounds = recording.rounds.filter((round) => round.pid === pid)
  const times = boundaries.get(pid)!
  // The end of Swarm Learning is reported by the server, where the job has no component of ours; its line is in the log.
  if (times.length === wanted.rounds)
    times.push({ timeMs: rounds.at(-1)?.endedMs ?? Number.NaN, peakBytes: 0, rssBytes: 0 })
  expect(times.length - 1, output).toBe(wanted.rounds)
  expect(rounds.map(({ round }) => round)).toEqual(Array.from({ length: wanted.rounds }, (_, index) => index + 1))
  const own = readings.filter(([, one]) => one === pid)
  const truth = rounds.map((_, index) => seenRound(own, times[index]!.timeMs, times[index + 1]!))
  for (const [index, { peakBytes, peakKind, end }] of rounds.entries()) {
    const { peak, ends } = truth[index]!
    const which = `round ${index + 1} of ${wanted.role}`
    expect(peakKind).toBe('exact')
    expect(Math.abs(peakBytes! / peak - 1), `peak of ${which}: ${peakBytes}, seen ${peak}`).toBeLessThan(0.02)
    const off = Math.abs(end.rssBytes / nearestTo(end.rssBytes, ends) - 1)
    expect(off, `end RSS of ${which}: ${end.rssBytes}, seen ${ends}`).toBeLessThan(0.05)
  }
  const judged = analyzeRounds(
    rounds.map(({ end }) => end.rssBytes),
    { gcRounds: wanted.gcRounds },
  )
  const expected = analyzeRounds(
    truth.map(({ ends }, index) => nearestTo(rounds[index]!.end.rssBytes, ends)),
    { gcRounds: wanted.gcRounds },
  )
  const figures = truth.map(({ ends }, index) => `${rounds[index]!.end.rssBytes} (${ends})`).join(', ')
  expect([judged.shape, judged.period], `recorded (seen): ${figures}`).toEqual([expected.shape, expected.period])
  return rounds
}

function nearestTo(bytes: number, seen: readonly number[]): number {
  return seen.reduce((a, b) => (Math.abs(b - bytes) < Math.abs(a - bytes) ? b : a))
}

/** As docs/how-it-measures.md has it: for so long after the line the lowest RSS is taken for the end, not for longer than a quarter of the round. */
const SETTLE_MS = 300

/** A line of a log is read some milliseconds after it was written; after the last one memory falls quickly. */
const REPORTED_WITHIN_MS = 50
/** Until the recorder has reset the kernel's mark after a boundary, the reader sees that of the round before. */
const RESET_MS = 100

/**
 * What a round looked like to the reader and, at its end, to the process: its highest RSS and, once that is the round's own, the kernel's mark; and end RSS at the
 * boundary, at its lowest in the time after it, and while the line may have been read.
 */
function seenRound(
  readings: readonly Reading[],
  fromMs: number,
  { timeMs: toMs, peakBytes, rssBytes }: Boundary,
): { peak: number; ends: number[] } {
  const inside = readings.filter(([timeMs]) => timeMs >= fromMs && timeMs <= toMs)
  const settleMs = Math.min(SETTLE_MS, (toMs - fromMs) / 4)
  const after = readings.filter(([timeMs]) => timeMs > toMs && timeMs <= toMs + settleMs)
  const [, , endBytes] = inside.at(-1)!
  const atBoundary = after.filter(([timeMs]) => timeMs <= toMs + REPORTED_WITHIN_MS).map(([, , bytes]) => bytes)
  const peaks = inside.map(([timeMs, , rss, mark]) => (timeMs > fromMs + RESET_MS ? Math.max(rss, mark) : rss))
  const lowest = Math.min(endBytes, ...after.map(([, , bytes]) => bytes))
  return {
    peak: Math.max(peakBytes, ...peaks),
    ends: [endBytes, lowest, ...atBoundary, ...(rssBytes > 0 ? [rssBytes] : [])],
  }
}

function boundariesOf(text: string): Map<number, Boundary[]> {
  const byPid = new Map<number, Boundary[]>()
  for (const line of text.split('\n').slice(0, -1)) {
    const [timeMs, pid, peakBytes, rssBytes] = line.split(' ').map(Number) as [number, number, number, number]
    byPid.set(pid, [...(byPid.get(pid) ?? []), { timeMs, peakBytes, rssBytes }])
  }
  return byPid
}

function linesOf(file: string): string[] {
  return readFileSync(file, 'utf8').split('\n').slice(0, -1)
}
