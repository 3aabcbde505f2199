import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readProcessStatus } from '../../src/linux/process/process-status.js'
import { readRecording } from '../../src/recording/storage/read-recording.js'
import { MIB } from '../../src/shared/units.js'
import { PYTHON } from '../python.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark, startTidemark } from '../tidemark.js'

const flood = (lines: number, then: string) => `
import os, time
with open(os.environ["TIDEMARK_MARKS"], "a") as marks:
    for i in range(${lines}): marks.write('{"mark":"round","round":%d,"pid":4194000}\\n' % (i + 1))
print("written", flush=True)
${then}`

test('a flood of marks of an unknown process makes one line, takes seconds, and is bounded', {
  timeout: 120_000,
}, async () => {
  const folder = join(temporaryFolder(), 'it')
  const startedMs = performance.now()
  const { code, stderr } = await runTidemark(['run', '--out', folder, '--', PYTHON, '-c', flood(644_000, '')])
  expect(code).toBe(0)
  expect(performance.now() - startedMs).toBeLessThan(60_000)
  expect(stderr.split('\n').length).toBeLessThan(40)
  expect(stderr).toMatch(/The ends of \d+ rounds \(1 to \d+\) were reported when their processes had ended/)
  expect(stderr).toMatch(/A line of marks was not looked at: there were more than 100000.* \(\d+ times\)/)
  expect(readRecording(folder).head.state).toBe('completed')
})

test('while it takes in a flood of marks a recorder hears SIGTERM, and stays small', { timeout: 120_000 }, async () => {
  const folder = join(temporaryFolder(), 'it')
  const script = flood(644_000, 'time.sleep(600)')
  const { child, finished } = startTidemark(['run', '--out', folder, '--', PYTHON, '-c', script])
  await once(child.stdout!, 'data')
  child.kill('SIGTERM')
  const status = readProcessStatus(child.pid!)
  expect((await finished).code).toBe(143)
  expect(status.kind === 'read' && status.peakBytes / MIB).toBeLessThan(250)
})

test('a pipe in the place of the marks keeps no one waiting', async () => {
  const folder = join(temporaryFolder(), 'it')
  const script = 'rm "$TIDEMARK_MARKS"; mkfifo "$TIDEMARK_MARKS"; sleep 2.5'
  const { code, stderr } = await runTidemark(['run', '--out', folder, '--', 'sh', '-c', script])
  expect(code).toBe(0)
  expect(stderr).toContain('marks.ndjson: found a folder, a pipe or a device, expected a file')
  expect((await runTidemark(['plot', folder])).code).toBe(0)
  expect((await runTidemark(['analyze', folder])).code).not.toBe(70)
  execFileSync('rm', [join(folder, 'recording.json')])
  execFileSync('sh', ['-c', `mkfifo '${join(folder, 'recording.json')}'`])
  const { code: refused, stderr: why } = await runTidemark(['plot', folder])
  expect([refused, why]).toEqual([2, expect.stringContaining('expected a file')])
})

test('a pipe in the place of the marks of a server is refused, and a full disk behind them is named', async () => {
  const pipe = join(temporaryFolder(), 'pipe')
  execFileSync('mkfifo', [pipe])
  for (const [TIDEMARK_MARKS, code, message] of [
    [pipe, 2, 'cannot be opened: ENXIO'],
    ['/dev/full', 3, 'the marks, /dev/full (TIDEMARK_MARKS), cannot be written: ENOSPC'],
  ] as const) {
    const end = await runTidemark(['server', '--port', '0'], { env: { TIDEMARK_MARKS, TIDEMARK_TOKEN: 'x' } })
    expect([end.code, end.stderr]).toEqual([code, expect.stringContaining(message)])
  }
})
