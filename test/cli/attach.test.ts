import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { pollUntil } from '../../src/launch/poll.js'
import { isAlive, readProcessStat } from '../../src/linux/process/process-stat.js'
import { readProcessStatus } from '../../src/linux/process/process-status.js'
import { isRecording, readRecording } from '../../src/recording/storage/read-recording.js'
import { MIB } from '../../src/shared/units.js'
import { PYTHON } from '../python.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark, startTidemark } from '../tidemark.js'

/** Runs until its input ends, with a child of its own; its peak is far above what it holds. */
const SPIKED = `import os, subprocess, sys
child = subprocess.Popen(["sleep", "1000"])
block = bytearray(b"1") * (100 * 2**20)
del block
print("ready", flush=True)
sys.stdin.read()
child.kill()
child.wait()`

/** A target in a group of its own, once it has said its first word. */
async function startTarget(command: string[], env: Record<string, string> = {}): Promise<ChildProcess> {
  const [program = '', ...args] = command
  const target = spawn(program, args, {
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  })
  onTestFinished(() => {
    if (target.exitCode === null && target.signalCode === null) process.kill(-target.pid!, 'SIGKILL')
  })
  await once(target.stdout!, 'data')
  return target
}

function peakOf(pid: number): number {
  const status = readProcessStatus(pid)
  if (status.kind !== 'read') throw new Error(`pid ${pid} is ${status.kind}`)
  return status.peakBytes
}

const newFolder = () => join(temporaryFolder(), 'recording')
const hasSamples = (folder: string) => isRecording(folder) && readRecording(folder).samples.length > 0

test('by pid: the process and its children are recorded for the time asked, and continue undisturbed', async () => {
  const target = await startTarget([PYTHON, '-c', SPIKED])
  const isWaiting = () => {
    const stat = readProcessStat(target.pid!)
    return stat.kind === 'read' && stat.state === 'S'
  }
  expect(await pollUntil(isWaiting, 10_000)).toBe(true) // it has printed its word, and reads
  const before = readProcessStat(target.pid!)
  const folder = newFolder()
  const args = ['attach', String(target.pid), '--for', '700ms', '--rate', '50', '--out', folder]
  const { code, stdout, stderr } = await runTidemark(args)
  expect(code).toBe(0)
  expect(stderr).toContain(`tidemark: recording ${target.pid} (python3`)
  const { head, samples, warnings } = readRecording(folder)
  expect(head).toMatchObject({ state: 'completed', processes: [{ pid: target.pid }, { name: 'sleep' }] })
  expect(samples.at(-1)!.rss.map(([pid]) => pid)).toEqual(head.processes.map(({ pid }) => pid))
  // The 100 MiB were before: the kernel's peak was reset, and is this recording's.
  expect(head.processes[0]).toMatchObject({ peakKind: 'exact', exit: null })
  expect(head.processes[0]!.peakBytes).toBeLessThan(60 * MIB)
  expect(warnings.filter((warning) => warning.includes('peak'))).toEqual([])
  expect(stdout).toMatch(/^recorded \S+ m?s: \d+ samples/)
  expect(stdout).toContain('peak of the tree: ')
  expect(readProcessStat(target.pid!)).toEqual(before)
  target.stdin!.end()
  expect(await once(target, 'exit')).toEqual([0, null])
})

test('--no-reset leaves even the peak alone, and says that it is of the whole life of the process', async () => {
  const target = await startTarget([PYTHON, '-c', SPIKED])
  const peakBytes = peakOf(target.pid!)
  expect(peakBytes).toBeGreaterThan(100 * MIB)
  const folder = newFolder()
  const { stdout } = await runTidemark(['attach', String(target.pid), '--for', '500ms', '--no-reset', '--out', folder])
  expect(peakOf(target.pid!)).toBe(peakBytes)
  expect(readRecording(folder).head.processes[0]!.peakBytes).toBe(peakBytes)
  expect(stdout).toContain(
    `warning: The peak of pid ${target.pid} was not reset at the start: it may be of the time before this recording.`,
  )
})

test('it ends by itself, and well, when the target does', async () => {
  const target = await startTarget([PYTHON, '-c', SPIKED])
  const folder = newFolder()
  const { finished } = startTidemark(['attach', String(target.pid), '--out', folder])
  expect(await pollUntil(() => hasSamples(folder), 20_000)).toBe(true)
  target.stdin!.end()
  expect(await finished).toMatchObject({ code: 0, stderr: expect.stringContaining('recording') })
  expect(readRecording(folder).head).toMatchObject({ state: 'completed', processes: [{ isGone: true }, {}] })
})

test('Ctrl-C ends the recording and not the target', async () => {
  const target = await startTarget([PYTHON, '-c', SPIKED])
  const folder = newFolder()
  const { child, finished } = startTidemark(['attach', String(target.pid), '--out', folder])
  expect(await pollUntil(() => hasSamples(folder), 20_000)).toBe(true)
  child.kill('SIGINT')
  const { code, stdout } = await finished
  expect(code).toBe(130)
  expect(stdout).toContain('The recording was stopped; the program continues.')
  expect(readRecording(folder).head.state).toBe('stopped')
  const stat = readProcessStat(target.pid!)
  expect(stat.kind === 'read' && isAlive(stat)).toBe(true)
})

test('by name: of a program’s script, and an ambiguous name is refused with the pids to choose from', async () => {
  const script = join(temporaryFolder(), 'attach-by-this-name.py')
  writeFileSync(script, SPIKED)
  const first = await startTarget([PYTHON, script])
  const named = ['attach', 'attach-by-this-name.py', '--for', '300ms', '--out']
  const folder = newFolder()
  expect((await runTidemark([...named, folder])).code).toBe(0)
  expect(readRecording(folder).head.processes[0]).toMatchObject({ pid: first.pid, name: 'attach-by-this-name.py' })

  const second = await startTarget([PYTHON, script])
  const refused = await runTidemark([...named, newFolder()])
  const [low, high] = [first.pid!, second.pid!].sort((a, b) => a - b)
  expect(refused).toMatchObject({ code: 2, stdout: '' })
  expect(refused.stderr).toBe(
    `tidemark: 2 processes are named "attach-by-this-name.py"; give the pid of one:\n` +
      `${low}  ${PYTHON} ${script}\n${high}  ${PYTHON} ${script}\n`,
  )
})

test.each([
  [['no-such-program-runs'], 'tidemark: there is no process named "no-such-program-runs"\n'],
  [['4194305'], 'tidemark: there is no process 4194305\n'], // above the highest pid that Linux gives
  [['1', '--rounds', 'nvflare'], 'attach: --rounds needs --log FILE'],
  [[String(process.pid), '--rounds', 'nvflare', '--log', '/'], 'cannot follow /: found a folder'],
  [[String(process.pid), '--heap-diff', '2'], 'does not wait for it'],
  [[], 'attach: '],
])('attach %j is wrong usage: %s', async (args, message) => {
  const cwd = temporaryFolder()
  const { code, stderr } = await runTidemark(['attach', ...args], { cwd })
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)])
  expect(readdirSync(cwd)).toEqual([])
})

test('--until-round stops after the end of that round; marks of the program give exact peaks', async () => {
  const [marks, truth] = [join(temporaryFolder(), 'marks'), join(temporaryFolder(), 'truth')]
  writeFileSync(marks, '')
  const spikes = fileURLToPath(new URL('../fixtures/spikes.py', import.meta.url))
  const waiting = `import runpy, sys
print("up", flush=True)
sys.stdin.readline()
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0])`
  const target = await startTarget([PYTHON, '-c', waiting, spikes, '1000', '100', '3', truth], {
    TIDEMARK_MARKS: marks,
  })
  const folder = newFolder()
  const { finished } = startTidemark(['attach', String(target.pid), '--until-round', '4', '--out', folder])
  expect(await pollUntil(() => hasSamples(folder), 20_000)).toBe(true)
  target.stdin!.write('go\n')
  expect((await finished).code).toBe(0)
  const { rounds } = readRecording(folder)
  const heights = readFileSync(truth, 'utf8').split('\n').map(Number)
  expect(rounds.slice(0, 4).map(({ round, peakKind }) => [round, peakKind])).toEqual(
    [1, 2, 3, 4].map((round) => [round, 'exact']),
  )
  for (const { round, peakBytes } of rounds) expect(Math.abs(peakBytes! / heights[round - 1]! - 1)).toBeLessThan(0.01)
  const stat = readProcessStat(target.pid!)
  expect(stat.kind === 'read' && isAlive(stat)).toBe(true)
})

test('rounds can come from the log of a program that was started without Tidemark', async () => {
  const log = join(temporaryFolder(), 'server.log')
  writeFileSync(log, 'Round 1 started\n')
  const target = await startTarget([PYTHON, '-c', SPIKED])
  const folder = newFolder()
  const args = ['attach', String(target.pid), '--rounds', 'Round (\\d+) started', '--log', log, '--until-round', '3']
  const { finished } = startTidemark([...args, '--out', folder])
  expect(await pollUntil(() => hasSamples(folder), 20_000)).toBe(true)
  for (const round of [2, 3, 4]) writeFileSync(log, `Round ${round} started\n`, { flag: 'a' })
  expect((await finished).code).toBe(0)
  const recorded = readRecording(folder).rounds.filter(({ pid }) => pid === target.pid)
  expect(recorded.map(({ round }) => round)).toEqual([2, 3])
})
