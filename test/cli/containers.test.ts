import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { pollUntil } from '../../src/launch/poll.js'
import { findPodContainer } from '../../src/linux/cgroups/find-container.js'
import { isRecording, readMetadata, readRecording } from '../../src/recording/storage/read-recording.js'
import { needs } from '../optional-parts.js'
import { plainUser } from '../plain-user.js'
import { PYTHON } from '../python.js'
import { followSpikingProgram, SPIKES_ON_ORDER } from '../recording/spiking-program.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark, startTidemark } from '../tidemark.js'

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))
const MEMORY = '/sys/fs/cgroup/memory'

describe('run --cgroup', needs('memory cgroup'), () => {
  test('the peak of a tree whose children spike out of phase is exact in each round', async () => {
    const folder = temporaryFolder()
    const [out, truth] = [join(folder, 'recording'), join(folder, 'truth')]
    const command = [PYTHON, fixture('out-of-phase.py'), '24', '160', truth]
    const { code, stderr } = await runTidemark(['run', '--cgroup', '--out', out, '--', ...command])
    expect(code, stderr).toBe(0)
    const truths = readFileSync(truth, 'utf8').trim().split('\n').map(Number)
    const { tree = [], head } = readRecording(out)
    expect(tree.map(({ round, peakKind }) => [round, peakKind])).toEqual(truths.map((_, i) => [i + 1, 'exact']))
    for (const [i, { peakBytes, cacheBytes }] of tree.entries())
      expect(Math.abs((peakBytes - cacheBytes!) / truths[i]! - 1), `round ${i + 1}`).toBeLessThan(0.01)
    expect(tree[0]).toMatchObject({ events: { limitHits: 0, oomKills: 0 } })
    expect(head.cgroup).toMatchObject({ isOwn: true, peakBytes: Math.max(...tree.map(({ peakBytes }) => peakBytes)) })
    expect(stderr).toContain('rounds of the whole tree by its cgroup')
  })

  test('a command that is not there is named as without a cgroup, and no cgroup stays', async () => {
    const before = spawnSync('find', [MEMORY, '-name', 'tidemark-*'], { encoding: 'utf8' }).stdout
    const { code, stderr } = await runTidemark(['run', '--cgroup', '--out', newFolder(), '--', 'no-such-program'])
    expect(code).toBe(2)
    expect(stderr).toContain('there is no program "no-such-program"')
    expect(spawnSync('find', [MEMORY, '-name', 'tidemark-*'], { encoding: 'utf8' }).stdout).toBe(before)
  })

  test('its cgroup goes with a recorder that is killed', async () => {
    const out = newFolder()
    const { child } = startTidemark(['run', '--cgroup', '--out', out, '--', 'sleep', '1000'])
    const folderOf = (pid: number) => /^\d+:memory:(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1] ?? ''
    const commandIn = () => (isRecording(out) ? readMetadata(out).processes[0] : undefined)
    const isThere = () => commandIn() !== undefined && folderOf(commandIn()!.pid).includes('tidemark-')
    expect(await pollUntil(isThere, 20_000)).toBe(true)
    const folder = join(MEMORY, folderOf(commandIn()!.pid))
    expect(existsSync(folder)).toBe(true)
    child.kill('SIGKILL')
    expect(await pollUntil(() => !existsSync(folder), 20_000)).toBe(true)
  })
})

test(
  'where no cgroup may be made the command runs without, and the recording says why',
  needs('a user who is not root'),
  () => {
    const { status, stderr } = plainUser().tidemark('run', '--cgroup', '--', 'true')
    expect(status, stderr).toBe(0)
    expect(stderr).toMatch(
      /The command has no cgroup of its own \(--cgroup\): .+\. The peak of the tree is sampled, as without\./,
    )
  },
)

function newFolder(): string {
  return join(temporaryFolder(), 'recording')
}

/** A cgroup as a runtime makes it for a container, removed when the test ends. */
function makeContainer(path: string): { id: string; folder: string } {
  const id = randomBytes(32).toString('hex')
  const folder = join(MEMORY, path.replace('ID', id))
  const made: string[] = []
  for (let at = folder; at !== MEMORY; at = dirname(at)) made.push(at)
  mkdirSync(folder, { recursive: true })
  onTestFinished(async () => {
    for (const each of made)
      await pollUntil(() => {
        try {
          rmdirSync(each)
          return true
        } catch (error) {
          return !String(error).includes('EBUSY') // another container of this pod
        }
      }, 5000)
  })
  return { id, folder }
}

function startIn(folder: string, command: string[], environment: Record<string, string> = {}): ChildProcess {
  const script = 'echo $$ >"$0/cgroup.procs"; exec "$@"'
  const child = spawn('sh', ['-c', script, folder, ...command], { env: { ...process.env, ...environment } })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

describe('attach to a container', needs('memory cgroup'), () => {
  test('by the beginning of its id: all its processes, those that a runtime adds, and the peak of the whole', async () => {
    const { id, folder } = makeContainer('docker-test/ID')
    const marks = join(temporaryFolder(), 'marks')
    writeFileSync(marks, '')
    const program = await followSpikingProgram(
      startIn(folder, [PYTHON, SPIKES_ON_ORDER], { TIDEMARK_MARKS: marks }) as Parameters<
        typeof followSpikingProgram
      >[0],
    )
    const out = newFolder()
    const { child, finished } = startTidemark([
      'attach',
      '--container',
      id.slice(0, 12),
      '--until-round',
      '3',
      '--out',
      out,
    ])
    await said(child, 'recording')
    const added = startIn(folder, ['sleep', '1000'])
    const isFound = () => isRecording(out) && readMetadata(out).processes.some(({ pid }) => pid === added.pid)
    expect(await pollUntil(isFound, 20_000)).toBe(true)
    const tops = []
    for (let round = 1; round <= 3; round++) {
      tops.push(await program.spike(100_000_000 + round * 40_000_000, 20))
      await program.round(round)
      await pollUntil(
        () => readFileSync(join(out, 'marks.ndjson'), 'utf8').includes(`"mark":"tree","round":${round},`),
        10_000,
      )
    }
    expect(await finished).toMatchObject({ code: 0 })
    const { tree = [], head } = readRecording(out)
    expect(head.processes.map(({ pid }) => pid).sort()).toEqual([program.pid, added.pid].sort())
    expect(tree.map(({ peakKind }) => peakKind)).toEqual(['exact', 'exact', 'exact'])
    expect(tree[1]!.peakBytes).toBeGreaterThan(tree[0]!.peakBytes + 30_000_000)
    expect(head.cgroup).toMatchObject({ isOwn: true })
  })

  test('by a name, which the runtime turns into an id', async () => {
    const { id, folder } = makeContainer('docker-test/ID')
    startIn(folder, ['sleep', '1000'])
    const bin = temporaryFolder()
    writeFileSync(join(bin, 'docker'), `#!/bin/sh\n[ "$6" = trainer ] && echo ${id}\n`)
    chmodSync(join(bin, 'docker'), 0o755)
    const env = { PATH: `${bin}:${process.env.PATH}` }
    const args = ['attach', '--for', '300ms', '--json', '--out']
    const attached = await runTidemark([...args, newFolder(), '--container', 'trainer'], { env })
    expect(attached.code, attached.stderr).toBe(0)
    expect(JSON.parse(attached.stdout)).toMatchObject({ command: ['sleep', '1000'] })
    const other = await runTidemark([...args, newFolder(), '--container', 'no-such'], { env })
    expect(other.code).toBe(2)
    expect(other.stderr).toContain('no container named no-such runs on this machine')
    expect(other.stderr).toContain(id.slice(0, 12))
  })

  test('of a pod: from inside by the name that its processes carry, on the node by the logs of the kubelet', async () => {
    const uid = randomBytes(4).toString('hex')
    const pod = `trainer-${uid}`
    const [main, side] = [makeContainer(`kubepods-test/pod${uid}/ID`), makeContainer(`kubepods-test/pod${uid}/ID`)]
    startIn(main.folder, ['sleep', '1000'], { HOSTNAME: pod })
    const args = ['attach', '--for', '300ms', '--json', '--pod', pod, '--out']
    const alone = await runTidemark([...args, newFolder()])
    expect(alone.code, alone.stderr).toBe(0)
    expect(JSON.parse(alone.stdout)).toMatchObject({ command: ['sleep', '1000'] })
    startIn(side.folder, ['sleep', '999'], { HOSTNAME: pod })
    const two = await runTidemark([...args, newFolder()])
    expect(two.code).toBe(2)
    expect(two.stderr).toContain(`the pod ${pod} has 2 containers here`)
    const logs = temporaryFolder()
    writeFileSync(join(logs, `${pod}_default_train-${main.id}.log`), '')
    writeFileSync(join(logs, `${pod}_default_proxy-${side.id}.log`), '')
    expect(findPodContainer(pod, 'proxy', logs).id).toBe(side.id)
    expect(() => findPodContainer(pod, undefined, logs)).toThrow(/train, proxy|proxy, train/)
    expect(() => findPodContainer(pod, 'none', logs)).toThrow('has no single container none')
  })

  test('names of both kinds, and none at all, are refused with what would be right', async () => {
    const both = await runTidemark(['attach', '1', '--container', 'x'])
    expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining('give one of them') })
    const none = await runTidemark(['attach'])
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('--pod NAME') })
  })
})

async function said(child: ChildProcess, text: string): Promise<void> {
  let heard = ''
  for await (const chunk of child.stderr!) {
    heard += chunk
    if (heard.includes(text)) return
  }
  throw new Error(`ended before it said "${text}": ${heard}`)
}
