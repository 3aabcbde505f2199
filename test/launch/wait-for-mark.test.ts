import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startGuard } from '../../src/launch/guard.js'
import { launch } from '../../src/launch/launch.js'
import { waitForMark } from '../../src/launch/wait-for-mark.js'
import type { Mark, ReadyMark } from '../../src/shared/marks.js'
import { temporaryFolder } from '../temporary-folder.js'

const isReady = (mark: Mark): mark is ReadyMark => mark.mark === 'ready'
const READY = JSON.stringify({ mark: 'ready', timeMs: 1, pid: 7, role: 'server', url: 'http://127.0.0.1:1' })

async function start(script: string) {
  const folder = temporaryFolder()
  const guard = await startGuard()
  onTestFinished(async () => void (await guard.close(0)))
  const marks = join(folder, 'marks.ndjson')
  const process = await launch(guard, {
    label: 'server',
    command: ['sh', '-c', script],
    environment: { MARKS: marks, READY },
    output: { file: join(folder, 'server.log') },
  })
  return { marks, wait: { what: 'the server to listen', deadlineMs: 10_000, process } }
}

test('finds a mark that a program writes, past lines that are no marks', async () => {
  const { marks, wait } = await start(
    'echo "not json" >> $MARKS; echo "[1]" >> $MARKS; echo "$READY" >> $MARKS; sleep 9',
  )
  expect(await waitForMark(marks, isReady, wait)).toMatchObject({ url: 'http://127.0.0.1:1' })
})

test('a mark that was there before counts, and half a line does not until its newline comes', async () => {
  const { marks, wait } = await start('sleep 9')
  writeFileSync(marks, READY.slice(0, 20))
  const found = waitForMark(marks, isReady, wait)
  appendFileSync(marks, `${READY.slice(20)}\n`)
  expect(await found).toMatchObject({ role: 'server' })
  expect(await waitForMark(marks, isReady, wait)).toMatchObject({ role: 'server' })
})

test('a mark written as the last thing before the exit is still found', async () => {
  const { marks, wait } = await start('echo "$READY" >> $MARKS')
  expect(await waitForMark(marks, isReady, wait)).toMatchObject({ role: 'server' })
})

test('a program that ends first is named with its exit code and the last lines of its log', async () => {
  const { marks, wait } = await start('echo "port in use" >&2; exit 3')
  await expect(waitForMark(marks, isReady, wait)).rejects.toMatchObject({
    name: 'TargetError',
    message: expect.stringMatching(
      /^waited for the server to listen, but server \(pid \d+\) exited with code 3\nLast lines of .*server\.log:\n {2}port in use$/,
    ),
  })
})

test('a deadline that passes says who was waited for and that it is alive', async () => {
  const { marks, wait } = await start('sleep 9')
  await expect(waitForMark(marks, isReady, { ...wait, deadlineMs: 50 })).rejects.toThrow(
    `waited 50 ms for the server to listen; server (pid ${wait.process.pid}) is alive and has not reported it`,
  )
})

test('an aborted signal ends the wait with its reason', async () => {
  const { marks, wait } = await start('sleep 9')
  const stop = new AbortController()
  const waiting = waitForMark(marks, isReady, { ...wait, signal: stop.signal })
  stop.abort(new Error('stopped by the user'))
  await expect(waiting).rejects.toThrow('stopped by the user')
  await expect(waitForMark(marks, isReady, { ...wait, signal: stop.signal })).rejects.toThrow('stopped by the user')
})
