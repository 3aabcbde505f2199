/** What the caller ignores, as `nohup` does, stays ignored: by Tidemark itself and by the command that it starts. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readRecording } from '../../src/recording/storage/read-recording.js'
import { temporaryFolder } from '../temporary-folder.js'
import { PROGRAM } from '../tidemark.js'

/** By its own first line, which is what a shell runs. */
function byTheFirstLine(before: string, command: string): { stdout: string; status: number | null } {
  chmodSync(PROGRAM, 0o755)
  const out = join(temporaryFolder(), 'recording')
  const script = `${before} exec "$0" run --out ${out} -- sh -c '${command}'`
  return spawnSync('sh', ['-c', script, PROGRAM], { encoding: 'utf8' })
}

const IGNORED = 'grep SigIgn /proc/self/status'

test.each([
  ["trap '' HUP;", 1n],
  ["trap '' HUP USR1;", 1n | (1n << 9n)],
  ['', 0n],
])('the command ignores what its caller does: %s', (before, mask) => {
  const { stdout, status } = byTheFirstLine(before, IGNORED)
  expect(status).toBe(0)
  const ignored = BigInt(`0x${/SigIgn:\s*([\da-f]+)/.exec(stdout)![1]}`)
  // SIGPIPE and signals of the runtime below us are its own matter.
  expect(ignored & (1n | (1n << 9n))).toBe(mask)
})

test('a hang-up does not end what nohup started, nor is it handed on', async () => {
  chmodSync(PROGRAM, 0o755)
  const out = join(temporaryFolder(), 'recording')
  const child = spawn('nohup', [PROGRAM, 'run', '--out', out, '--', 'sh', '-c', 'echo up; read line; echo done'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const [first] = await once(child.stdout, 'data')
  expect(String(first)).toBe('up\n')
  child.kill('SIGHUP')
  const last = once(child.stdout, 'data')
  child.stdin.end('on\n')
  expect(String((await last)[0])).toBe('done\n')
  const [code] = await once(child, 'close')
  expect(code).toBe(0)
  expect(readRecording(out).head.state).toBe('completed')
})
