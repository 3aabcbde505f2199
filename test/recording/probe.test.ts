import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { orderProbe, type ProbeOrder } from '../../src/recording/probe/probe-order.js'
import { takeProbe } from '../../src/recording/probe/take-probe.js'
import { allocatorLibrary } from '../../src/shared/allocator-library.js'
import { MIB } from '../../src/shared/units.js'
import { leaveOutWithout, needs } from '../optional-parts.js'
import { PYTHON } from '../python.js'
import { temporaryFolder } from '../temporary-folder.js'

/** 64 MiB in blocks that no allocator maps one by one, freed but for the last; what it keeps of them is for it to say. */
const PROGRAM = `import sys
blocks = [b'x' * (20 * 1024 + n % 2) for n in range(64 * 51)]
kept = b'x' * 700
del blocks
print('up', flush=True)
sys.stdin.read()`

test.for(['glibc', 'jemalloc', 'tcmalloc'] as const)(
  '%s returns its free pages, and they are measured',
  needs('C compiler'),
  async (allocator, context) => {
    if (allocator !== 'glibc') leaveOutWithout(context, allocator)
    const { order, pid } = await startProbed(allocator)
    const taken = await takeProbe(order, { pid, role: 'server' })
    expect(taken).toMatchObject({ kind: 'taken', mark: { allocator: { allocator }, garbageBytes: null } })
    const { mark } = taken as Extract<typeof taken, { kind: 'taken' }>
    expect(mark.retainedBytes + mark.liveBytes).toBe(mark.rssBytes)
    // What is freed on top of its heap glibc returns by itself.
    if (allocator !== 'glibc') expect(mark.retainedBytes).toBeGreaterThan(16 * MIB)
  },
)

test(
  'mimalloc, which cannot purge from another thread, is refused with that reason',
  needs('mimalloc', 'C compiler'),
  async () => {
    const { order, pid } = await startProbed('mimalloc')
    expect(await takeProbe(order, { pid, role: 'server' })).toEqual({
      kind: 'not taken',
      why: `the allocator of the server (pid ${pid}) is mimalloc, which cannot be made from outside to return its free pages`,
    })
  },
)

test('the probe answers its own user and no other', needs('root', 'C compiler'), async () => {
  const { order, pid } = await startProbed('glibc')
  const ask = `import socket
peer = socket.socket(socket.AF_UNIX)
peer.settimeout(20)
peer.connect('\\0' + 'tidemark-probe/${order.token}/${pid}/'.ljust(107, '-'))
try:
    peer.sendall(b'facts\\n')
    print(peer.recv(4096).decode(), end='')
except (BrokenPipeError, ConnectionResetError): # it was turned away before what it asked was read
    pass`
  const answerTo = (uid: number) => spawnSync(PYTHON, ['-c', ask], { uid, cwd: '/', encoding: 'utf8' })
  expect(answerTo(0).stdout).toMatch(/^\{"allocator":"glibc"/)
  expect(answerTo(65_534)).toMatchObject({ status: 0, stdout: '' })
})

async function startProbed(allocator: string): Promise<{ order: ProbeOrder; pid: number }> {
  process.env.XDG_CACHE_HOME = temporaryFolder() // not the user's own cache
  const order = orderProbe()
  const child: ChildProcess = spawn(PYTHON, ['-c', PROGRAM], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...order.environment(allocatorLibrary(allocator)) },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout!, 'data')
  return { order, pid: child.pid! }
}
