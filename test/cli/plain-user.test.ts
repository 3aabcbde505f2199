/** What a user who is not root can measure, and what the output says of the rest. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Finding } from '../../src/doctor/finding.js'
import { readRecording } from '../../src/recording/storage/read-recording.js'
import type { Comparison } from '../../src/results/comparison.js'
import { needs } from '../optional-parts.js'
import { plainUser } from '../plain-user.js'
import { PYTHON } from '../python.js'

const isRoot = process.getuid!() === 0
const SPIKES = fileURLToPath(new URL('../fixtures/spikes.py', import.meta.url))
const findings = (stdout: string) => (JSON.parse(stdout) as { findings: Finding[] }).findings

describe('a user who is not root', needs('a user who is not root'), () => {
  test('has exact peaks of every round of their own program', () => {
    const user = plainUser()
    const { status, stderr } = user.tidemark(
      ...['run', '--out', 'recording', '--', PYTHON, '-c', readFileSync(SPIKES, 'utf8'), '4', '100', '3', 'truth'],
    )
    expect(status, stderr).toBe(0)
    const { rounds, warnings } = readRecording(join(user.folder, 'recording'))
    const heights = readFileSync(join(user.folder, 'truth'), 'utf8').trim().split('\n').map(Number)
    expect(rounds.map(({ peakKind }) => peakKind)).toEqual(Array(4).fill('exact'))
    for (const [i, height] of heights.entries()) expect(Math.abs(rounds[i]!.peakBytes! / height - 1)).toBeLessThan(0.01)
    expect(warnings.filter((warning) => warning.includes('peak'))).toEqual([])
  })

  test('has exact peaks of every round of a server and its clients', () => {
    const user = plainUser()
    const { status, stderr } = user.tidemark(
      ...[
        'compare',
        join(user.project, 'test/fixtures/suites/unjudged.memory.ts'),
        '--trainer',
        'echo',
        '--model-size',
        '1MB',
        '--rounds',
        '3',
        '--trials',
        '1',
      ],
      ...['--server-memory-gc-rounds', '1', '--arena-max', 'unset', '--out', 'results'],
    )
    expect(status, stderr).toBe(0)
    const { trials } = JSON.parse(readFileSync(join(user.folder, 'results/comparison.json'), 'utf8')) as Comparison
    expect(trials[0]!.rounds.map(({ peakKind }) => peakKind)).toEqual(Array(9).fill('exact'))
    expect(trials[0]!.warnings.filter((warning) => warning.includes('peak'))).toEqual([])
  })

  test('learns from doctor that their own peaks are exact, and what takes root', () => {
    const { status, stdout } = plainUser().tidemark('doctor', '--json')
    expect(status).toBe(0)
    const found = findings(stdout)
    expect(found.find(({ name }) => name === 'clear_refs')).toMatchObject({ state: 'ok' })
    const others = found.find(({ name }) => name === "others' processes")
    if (isRoot)
      expect(others).toMatchObject({
        state: 'note',
        means: expect.stringContaining('both take root; your own are exact'),
      })
    else expect(['note', 'ok']).toContain(others?.state)
  })

  test(
    "gets samples of another user's process, and the reason why its peak is none of the kernel's",
    needs('root'),
    async () => {
      const target = spawn(PYTHON, ['-c', 'print("up", flush=True); input()'], { stdio: ['pipe', 'pipe', 'inherit'] })
      onTestFinished(() => void target.kill('SIGKILL'))
      await once(target.stdout!, 'data')
      const user = plainUser()
      const { status, stderr } = user.tidemark(
        'attach',
        String(target.pid),
        '--for',
        '500ms',
        '--pss',
        '--out',
        'recording',
      )
      expect(status, stderr).toBe(0)
      const { head, samples, warnings } = readRecording(join(user.folder, 'recording'))
      expect(samples.length).toBeGreaterThan(0)
      // The list of its descriptors is not for us; since Linux 6.2 their number is.
      const isCounted = statSync('/proc/self/fd').size > 0
      expect(head.processes[0]!.last!.openFiles).toBe(isCounted ? statSync(`/proc/${target.pid}/fd`).size : null)
      expect(warnings).toContainEqual(
        `The peak of pid ${target.pid} was not reset at the start (only the user that it runs as, and root, may do that): ` +
          'it may be of the time before this recording.',
      )
    },
  )

  test('is refused a folder that they may not write to, with what to do', () => {
    const user = plainUser()
    const held = join(user.folder, 'held')
    expect(user.tidemark('run', '--out', 'held/one', '--', 'sleep', '0.5').status).toBe(0)
    chmodSync(held, 0o555)
    onTestFinished(() => chmodSync(held, 0o755))
    const refused = [
      {
        args: ['run', '--out', 'held/two', '--', 'true'],
        says: /cannot record into .*\n {2}Look at its owner and mode/,
      },
      { args: ['plot', 'held/one', '-o', 'held/x.svg'], says: /cannot write held\/x\.svg: EACCES.*\n {2}Name a file/ },
      { args: ['rm', 'held/one'], says: /cannot remove held\/one: EACCES.*\n {2}Look at the owner and the mode/ },
    ]
    for (const { args, says } of refused) {
      const { status, stderr } = user.tidemark(...args)
      expect(stderr).toMatch(says)
      expect(status).toBe(2)
    }
  })

  test('is warned where the processes of others are hidden', needs('root'), () => {
    const user = plainUser({ isProcHidden: true })
    const attached = user.tidemark('attach', '1', '--for', '500ms', '--out', 'recording')
    expect(attached.status).toBe(2)
    expect(attached.stderr).toContain('there is no process 1')
    expect(attached.stderr).toContain(
      'Those of other users are hidden here (/proc is mounted with hidepid): they take root.',
    )
    const { stdout } = user.tidemark('doctor', '--json')
    expect(findings(stdout).find(({ name }) => name === "others' processes")).toMatchObject({
      state: 'note',
      found: 'hidden: /proc is mounted with hidepid',
    })
    const own = user.tidemark('run', '--out', 'own', '--', PYTHON, '-c', 'import time; time.sleep(0.3)')
    expect(own.status, own.stderr).toBe(0)
    expect(readRecording(join(user.folder, 'own')).head.processes).toMatchObject([{ peakKind: 'exact' }])
  })
})
