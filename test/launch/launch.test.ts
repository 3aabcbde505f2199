import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { type Guard, startGuard } from '../../src/launch/guard.js'
import { type LaunchedProcess, type LaunchOptions, launch } from '../../src/launch/launch.js'
import { pollUntil } from '../../src/launch/poll.js'
import { carriers } from '../../src/linux/process/environment.js'
import { groupMembers } from '../../src/linux/process/process-group.js'
import { temporaryFolder } from '../temporary-folder.js'

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))

async function guardForTest(): Promise<Guard> {
  const guard = await startGuard()
  onTestFinished(async () => void (await guard.close(0)))
  return guard
}

async function launchForTest(
  command: string[],
  options: Partial<LaunchOptions> = {},
): Promise<LaunchedProcess & { logFile: string; guard: Guard }> {
  const guard = await guardForTest()
  const file = join(temporaryFolder(), 'out.log')
  const launched = await launch(guard, { label: 'the fixture', command, output: { file }, ...options })
  return Object.assign(launched, { logFile: file, guard })
}

async function logShows(file: string, text: string): Promise<void> {
  if (!(await pollUntil(() => readFileSync(file, 'utf8').includes(text), 10_000))) throw new Error(`no "${text}"`)
}

test('a program runs in its own group, with its environment, its output in the log, its exit code known', async () => {
  const script = 'echo "$COLOUR"; printenv TIDEMARK_OWNED; echo oops >&2; ps -o pgid= -p $$; exit 3'
  const launched = await launchForTest(['sh', '-c', script], { environment: { COLOUR: 'red' } })
  const exit = await launched.exited
  expect(exit).toMatchObject({ code: 3, signal: null, outOfMemory: false })
  const lines = readFileSync(launched.logFile, 'utf8').split('\n')
  expect(lines.map((line) => line.trim())).toEqual(['red', 'oops', String(launched.pid), ''])
  expect(await launched.end(0)).toEqual({ how: 'alone', exit })
})

test('an environment variable given as undefined is taken away', async () => {
  const launched = await launchForTest(['sh', '-c', 'printenv HOME || echo none'], { environment: { HOME: undefined } })
  await launched.exited
  expect(readFileSync(launched.logFile, 'utf8')).toBe('none\n')
})

test('an owned role knows it, and sees its stdin close when it is let go', async () => {
  const launched = await launchForTest(['sh', '-c', 'echo "owned $TIDEMARK_OWNED"; cat; echo closed'], { owned: true })
  await logShows(launched.logFile, 'owned 1')
  expect(launched.exit).toBeNull()
  expect((await launched.end(10_000)).how).toBe('asked')
})

test('a program that ignores SIGTERM is killed after the grace, and that is reported', async () => {
  const launched = await launchForTest(['sh', fixture('ignores-sigterm.sh')])
  await logShows(launched.logFile, 'ready')
  const { how, exit } = await launched.end(100)
  expect(how).toBe('forced')
  expect(exit).toMatchObject({ code: null, signal: 'SIGKILL', outOfMemory: false })
  expect(groupMembers(launched.pid)).toEqual([])
})

test('a stopped program hears that it has to end', async () => {
  const launched = await launchForTest(['sleep', '1000'])
  launched.signal('SIGSTOP')
  expect((await launched.end(10_000)).how).toBe('asked')
})

test('children that outlive the program in its group are ended with it', async () => {
  const launched = await launchForTest(['sh', '-c', 'sleep 1000 & exit 0'])
  await launched.exited
  expect(groupMembers(launched.pid)).toHaveLength(1)
  expect((await launched.end(10_000)).how).toBe('asked')
  expect(groupMembers(launched.pid)).toEqual([])
})

test('a daemon that left group and session is found by the id it carries and ended with the guard', async () => {
  const launched = await launchForTest(['sh', '-c', '(setsid sleep 1000 &); exit 0'])
  await launched.exited
  // It is a moment between the fork and setsid; until then it is in the group and ended with that.
  expect(await pollUntil(() => groupMembers(launched.pid).length === 0, 10_000)).toBe(true)
  await launched.end(0)
  const daemons = carriers(launched.guard.assignment)
  expect(daemons).toHaveLength(1)
  expect(await launched.guard.close(10_000)).toEqual({ asked: daemons, forced: [] })
  expect(carriers(launched.guard.assignment)).toEqual([])
})

test('when the owner is killed with SIGKILL nothing of what it launched survives, daemons included', async () => {
  const owner = spawn(process.execPath, [fixture('owner.mjs'), join(temporaryFolder(), 'out.log')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void owner.kill('SIGKILL'))
  const [chunk] = (await once(owner.stdout, 'data')) as [Buffer]
  const [, assignment] = chunk.toString().trim().split(' ') as [string, `${string}=${string}`]
  expect(await pollUntil(() => carriers(assignment).length === 3, 10_000)).toBe(true)
  owner.kill('SIGKILL')
  expect(await pollUntil(() => carriers(assignment).length === 0, 10_000)).toBe(true)
})

test.each([
  ['no-such-program', 'Check its name; it was looked for in PATH.'],
  ['/no/such/program', 'Check the path.'],
])('there being no program %s is wrong usage, and says where it was looked for', async (program, fix) => {
  await expect(launchForTest([program])).rejects.toMatchObject({
    message: `cannot start the fixture: there is no program "${program}"`,
    exitCode: 2,
    fix,
  })
})

test('a file that is not executable says what would make it so', async () => {
  const file = join(temporaryFolder(), 'job.py')
  writeFileSync(file, 'print()')
  await expect(launchForTest([file])).rejects.toMatchObject({
    message: `cannot start the fixture: "${file}" is not executable`,
    fix: `chmod +x ${file}, or name its interpreter first.`,
  })
})

test('a log that cannot be written fails before anything is started', async () => {
  await expect(launchForTest(['true'], { output: { file: '/nowhere/out.log' } })).rejects.toMatchObject({
    message: expect.stringContaining('cannot write the log /nowhere/out.log'),
    exitCode: 2,
  })
})
