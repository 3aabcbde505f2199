import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { pollUntil } from '../../src/launch/poll.js'
import { readRecording } from '../../src/recording/storage/read-recording.js'
import { MIB } from '../../src/shared/units.js'
import { needs } from '../optional-parts.js'
import { PYTHON } from '../python.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark } from '../tidemark.js'

const LEAK = fileURLToPath(new URL('../fixtures/leaks-a-round.py', import.meta.url))
const MEMORY = '/sys/fs/cgroup/memory'
const ENTER = 'echo $$ >"$0/cgroup.procs"; exec "$@"'

/** A memory cgroup with a limit, removed when the test ends. */
function limitedCgroup(name: string, limitBytes: number): string {
  const folder = join(MEMORY, `limit-test-${process.pid}-${name}`)
  mkdirSync(folder)
  onTestFinished(async () => {
    const isRemoved = () => {
      try {
        rmdirSync(folder)
        return true
      } catch {
        return false // EBUSY: the last process is about to end
      }
    }
    await pollUntil(isRemoved, 5000)
  })
  writeFileSync(join(folder, 'memory.limit_in_bytes'), String(limitBytes))
  return folder
}

/** A process that holds memory in a cgroup, once it does. */
async function holdIn(folder: string, mib: number): Promise<ChildProcess> {
  const hold = `import sys\nblock = bytearray(b"1") * (${mib} * 2**20)\nprint("holds", flush=True)\nsys.stdin.read()`
  const child = spawn('sh', ['-c', ENTER, folder, PYTHON, '-c', hold], { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return child
}

describe('the limit of the cgroup', needs('memory cgroup'), () => {
  test('attach takes that of the process it attaches to, and not its own', async () => {
    const target = await holdIn(limitedCgroup('attach', 300 * MIB), 20)
    const [out, facts] = [join(temporaryFolder(), 'recording'), join(temporaryFolder(), 'facts')]
    const args = ['--for', '1s', '--out', out, '--when', 'rss > 5% of limit', '--do', `cat > ${facts}`]
    const { code, stderr, stdout } = await runTidemark(['attach', String(target.pid), ...args])
    expect(code, stderr).toBe(0)
    expect(JSON.parse(readFileSync(facts, 'utf8'))).toMatchObject({ limitBytes: 300 * MIB })
    expect(stdout).toContain('limit of its cgroup: 300.0 MiB')
    const { head } = readRecording(out)
    expect(head.cgroup).toMatchObject({ limitBytes: 300 * MIB, isAlone: true })
    expect(head.machine.cgroupLimitBytes).toBe(300 * MIB)
  })

  test('a command that enters a cgroup by itself has the limit of that one', async () => {
    const folder = limitedCgroup('enters', 300 * MIB)
    const out = join(temporaryFolder(), 'recording')
    const facts = join(temporaryFolder(), 'facts')
    const entering = ['sh', '-c', ENTER, folder, PYTHON, LEAK, '15', '1', '0.1']
    const when = ['--when', 'rss > 5% of limit', '--do', `cat > ${facts}`]
    const { code, stderr } = await runTidemark(['run', '--out', out, ...when, '--', ...entering])
    expect(code, stderr).toBe(0)
    expect(JSON.parse(readFileSync(facts, 'utf8'))).toMatchObject({ limitBytes: 300 * MIB })
    expect(readRecording(out).head.cgroup).toMatchObject({ limitBytes: 300 * MIB })
  })

  test('the forecast counts what others in the cgroup hold', async () => {
    const folder = limitedCgroup('others', 400 * MIB)
    await holdIn(folder, 250)
    const entering = ['sh', '-c', ENTER, folder, PYTHON, LEAK, '32', '1', '0.1']
    const facts = join(temporaryFolder(), 'facts')
    // 1 MiB a round: with some 45 MiB of its own at the end, the rest of the 400 MiB would do for hundreds of rounds.
    const when = ['--when', 'limit within 150 rounds', '--do', `cat > ${facts}`]
    const rounds = ['--rounds-end', 'Round (\\d+) done', '--out', join(temporaryFolder(), 'recording')]
    const { code, stderr } = await runTidemark(['run', ...rounds, ...when, '--', ...entering])
    expect(code, stderr).toBe(0)
    expect(stderr).toContain('alert: limit within 150 rounds')
    const { limitBytes, limitRounds } = JSON.parse(readFileSync(facts, 'utf8'))
    expect(limitBytes).toBe(400 * MIB)
    expect(limitRounds).toBeLessThan(150)
    const [, atEnd] = /meets the limit of 400\.0 MiB in about (\d+) rounds/.exec(stderr) ?? []
    expect(Number(atEnd)).toBeGreaterThan(0)
    expect(Number(atEnd)).toBeLessThan(150)
  })
})
