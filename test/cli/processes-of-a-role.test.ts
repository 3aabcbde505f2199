/** A role may have several processes, and a process may get its role late. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readRecording } from '../../src/recording/storage/read-recording.js'
import type { Comparison } from '../../src/results/comparison.js'
import { needs } from '../optional-parts.js'
import { PYTHON } from '../python.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark } from '../tidemark.js'

const MIB = 2 ** 20
const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))

async function compare(how: string, judge: string) {
  const out = join(temporaryFolder(), 'results')
  const command = `${PYTHON} ${fixture('workers.py')} 12 ${how}`
  const { code, stderr, stdout } = await runTidemark([
    ...['compare', '--command', command, '--role', 'worker= worker$', '--judge', judge],
    ...['--expected-rounds', '12', '--trials', '1', '--out', out],
  ])
  expect(code, stderr).toBe(0)
  const comparison: Comparison = JSON.parse(readFileSync(join(out, 'comparison.json'), 'utf8'))
  const [analysis] = JSON.parse((await runTidemark(['analyze', out, '--json'])).stdout)
  return { stdout, analysis, rounds: comparison.trials[0]!.rounds }
}

describe('of several processes of one role', () => {
  it('the sum is judged, so that a small one that leaks is found beside a large one that does not', async () => {
    const { analysis, rounds, stdout } = await compare('two', 'worker')
    expect(analysis.shape).toBe('grows')
    expect(analysis.slopeBytesPerRound.estimate / MIB).toBeCloseTo(3, 1)
    // Each is stored beside their sum.
    expect(new Set(rounds.filter(({ role }) => role === 'worker').map(({ pid }) => pid)).size).toBe(3)
    expect(stdout).toContain('worker')
  })

  it('the sum is judged in a recording as well, and the output says so', async () => {
    const folder = join(temporaryFolder(), 'recording')
    const command = [PYTHON, fixture('workers.py'), '12', 'two']
    const { code, stderr } = await runTidemark(['run', '--role', 'worker= worker$', '-o', folder, '--', ...command])
    expect(code, stderr).toBe(0)
    const [analysis] = JSON.parse((await runTidemark(['analyze', folder, '--json'])).stdout)
    expect(analysis.shape).toBe('grows')
    expect(analysis.slopeBytesPerRound.estimate / MIB).toBeCloseTo(3, 1)
    const { stdout } = await runTidemark(['analyze', folder, '--details'])
    expect(stdout).toContain('(2 processes, worker): grows')
    expect(stdout).toContain('note: the 2 processes of the role worker live together: their sum is judged')
  })

  it('the largest alone is judged when that is asked for', async () => {
    const { analysis } = await compare('two', 'worker:largest')
    expect(analysis.shape).toBe('stable')
    expect(analysis.levelBytes / MIB).toBeGreaterThan(60)
  })

  it('the sum of workers that are replaced in turn does not grow', async () => {
    const { analysis, rounds } = await compare('replaced', 'worker')
    expect(analysis.shape).not.toBe('grows')
    const sums = rounds.filter(({ role, pid }) => role === 'worker' && pid === 0)
    expect(sums.map(({ round }) => round)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  })

  it('one that is named by its pid must be there', async () => {
    const command = `${PYTHON} ${fixture('workers.py')} 3 two`
    const { code, stderr } = await runTidemark([
      ...['compare', '--command', command, '--role', 'worker= worker$', '--judge', 'workers:largest'],
      ...['--expected-rounds', '3', '--trials', '1', '--out', join(temporaryFolder(), 'results')],
    ])
    expect(code).toBe(2)
    expect(stderr).toContain('judge: "workers" is no role of the workload. Did you mean "worker"?')
  })
})

describe('a process that becomes its server by exec', () => {
  it('has the role of its new command line in all of its rounds', async () => {
    const folder = join(temporaryFolder(), 'recording')
    const { code, stderr } = await runTidemark([
      ...['run', '--role', 'server=the-server', '-o', folder, '--', fixture('execs-later.sh')],
    ])
    expect(code, stderr).toBe(0)
    const { rounds, head } = readRecording(folder)
    const server = head.processes.find(({ role }) => role === 'server')
    expect(server?.command).toContain('the-server')
    const ofServer = rounds.filter(({ pid }) => pid === server?.pid)
    expect(ofServer.map(({ round, role }) => ({ round, role }))).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8].map((round) => ({ round, role: 'server' })),
    )
  })
})

describe('marks with the pid that a program has in its container', needs('root', 'mounts'), () => {
  it('are of the process that the recorder knows under another pid', async () => {
    const folder = join(temporaryFolder(), 'recording')
    const inside = ['unshare', '--pid', '--fork', '--mount-proc', PYTHON, fixture('marks-with-pid.py')]
    const { code, stderr } = await runTidemark(['run', '-o', folder, '--', ...inside])
    expect(code, stderr).toBe(0)
    const { rounds, head } = readRecording(folder)
    const server = head.processes.find(({ command }) => /^\S*python\S* /.test(command))!
    expect(server.innerPid).toBe(1)
    expect(rounds.map(({ round, role, pid, peakKind }) => ({ round, role, pid, peakKind }))).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((round) => ({ round, role: 'server', pid: server.pid, peakKind: 'exact' })),
    )
  })
})
