import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { pollUntil } from '../../src/launch/poll.js'
import { isRecording, readRecording } from '../../src/recording/storage/read-recording.js'
import { MIB } from '../../src/shared/units.js'
import { needs } from '../optional-parts.js'
import { PYTHON } from '../python.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark, startTidemark } from '../tidemark.js'

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

  test.each(['run', 'soak'])('%s says in which round the kernel killed a process for memory', async (verb) => {
    const entering = ['sh', '-c', ENTER, limitedCgroup(verb, 60 * MIB), PYTHON, LEAK, '100', '4', '0.1']
    const [out, log] = [join(temporaryFolder(), 'recording'), join(temporaryFolder(), 'log')]
    const rounds = ['--rounds-end', 'Round (\\d+) done', '--log', log, '--out', out]
    const logged = ['sh', '-c', 'exec "$@" >"$0"', log, ...entering]
    const { code, stderr, stdout } = await runTidemark([verb, ...rounds, '--json', '--', ...logged])
    expect(code).toBe(verb === 'soak' ? 3 : 137)
    const lastRound = Number(readFileSync(log, 'utf8').match(/\d+(?= done\n$)/)?.[0])
    expect(lastRound).toBeGreaterThan(5)
    const json = (verb === 'soak' ? stdout : stderr).split('\n').findLast((line) => line.startsWith('{'))!
    expect(JSON.parse(json).kernelKills).toMatchObject([{ name: 'leaks-a-round.py', round: lastRound + 1 }])
    const shown = await runTidemark(['show', out])
    expect(shown.stdout).toMatch(
      new RegExp(`leaks-a-round.py \\(pid \\d+\\) was killed by the kernel for memory in round ${lastRound + 1}\n`),
    )
  })

  test('attach says it of the process that it was attached to', async () => {
    const [marks, truth] = [join(temporaryFolder(), 'marks'), join(temporaryFolder(), 'truth')]
    writeFileSync(marks, '')
    const grow = `import json, os, sys, time
print("up", flush=True)
sys.stdin.readline()
kept = []
with open(sys.argv[1], "a") as truth, open(os.environ["TIDEMARK_MARKS"], "a") as marks:
    for number in range(1, 100):
        kept.append(bytearray(b"1") * (4 * 2**20))
        time.sleep(0.1)
        truth.write(f"{number}\\n")
        truth.flush()
        marks.write(json.dumps({"mark": "round", "round": number}) + "\\n")
        marks.flush()`
    const folder = limitedCgroup('killed', 60 * MIB)
    const child = spawn('sh', ['-c', ENTER, folder, PYTHON, '-c', grow, truth], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, TIDEMARK_MARKS: marks },
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    await once(child.stdout, 'data')
    const out = join(temporaryFolder(), 'recording')
    const { finished } = startTidemark(['attach', String(child.pid), '--out', out])
    expect(await pollUntil(() => isRecording(out) && readRecording(out).samples.length > 0, 20_000)).toBe(true)
    child.stdin.write('go\n')
    const { code, stdout } = await finished
    expect(code).toBe(0)
    const lastRound = readFileSync(truth, 'utf8').trim().split('\n').length
    expect(stdout).toContain(`(pid ${child.pid}) was killed by the kernel for memory in round ${lastRound + 1}\n`)
  })
})
