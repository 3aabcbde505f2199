import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { HeapGrowth } from '../../src/recording/heap/heap-growth.js'
import { temporaryFolder } from '../temporary-folder.js'
import { PROGRAM, runTidemark } from '../tidemark.js'

const LEAKY = fileURLToPath(new URL('../fixtures/leaky-node.mjs', import.meta.url))

async function heapDiff(args: string[], env: Record<string, string> = {}, role = '') {
  const folder = join(temporaryFolder(), 'a recording')
  const finished = await runTidemark(['run', '--out', folder, '--json', ...args], { env })
  const json = finished.stderr.split('\n').find((line) => line.startsWith('{'))
  const growth = JSON.parse(json ?? '{}').heapDiff as HeapGrowth[] | undefined
  return { ...finished, diff: growth?.find(({ process }) => role === '' || process.role === role) }
}

test('the class whose objects a Node program keeps is the one that grew most', async () => {
  const { code, diff, stderr } = await heapDiff(['--heap-diff', '3', '--', process.execPath, LEAKY, '1000'])
  expect(code, stderr).toBe(0)
  expect(diff, stderr).toMatchObject({ fromRound: 3, toRound: 6 })
  const classes = diff!.constructors!.filter(({ name }) => name !== 'Array')
  expect(classes[0]!.name).toBe('ForgottenSession')
  // Rounds continue while a heap is asked for, and stand still while it is written.
  expect(classes[0]!.objects).toBeGreaterThanOrEqual(400)
  expect(classes[0]!.retainedBytes).toBeGreaterThan(classes[0]!.objects * 500 * 8)
  expect(classes[0]!.path).toBe('globalThis.kept[]')
  expect(diff!.lines[0]).toMatchObject({ file: LEAKY, line: 7, function: 'ForgottenSession' })
  expect(readFileSync(diff!.files![0]!, 'utf8').slice(0, 12)).toBe('{"snapshot":')
}, 120_000)

test('the arrays that our own server leaks on purpose are named, by the constructor that holds them', async () => {
  const job = [
    `"$0" "${PROGRAM}" server --clients 1 --rounds 300 --model-size 400kB --trainer echo > server.log 2>&1 & server=$!`,
    'until url=$(grep -o "http://127.0.0.1:[0-9]*" server.log | head -1) && [ -n "$url" ]; do sleep 0.1; done',
    `"$0" "${PROGRAM}" client --server "$url" --name site-1 > client.log 2>&1`,
    'wait $server',
  ].join('\n')
  const script = `cd "$1" || exit 9\n${job}`
  const cwd = temporaryFolder()
  const { code, diff, stderr } = await heapDiff(
    ['--heap-diff', '5', '--', 'bash', '-c', script, process.execPath, cwd],
    // Far more than the blocks of the transfer that is under way when the heap is written.
    { TIDEMARK_FAULT: 'leak:200%', TIDEMARK_TOKEN: 'a-token-for-this-test' },
    'server',
  )
  expect(code, stderr).toBe(0)
  expect(diff, stderr).toMatchObject({ fromRound: 5, toRound: 10 })
  // Where a transfer under way had as many arrays in the first heap, their buffers are what is more.
  const kept = diff!.constructors!.slice(0, 4).find(({ path }) => path?.endsWith('.kept[]'))
  expect(kept?.name, JSON.stringify(diff!.constructors!.slice(0, 4))).toMatch(/^(Uint8Array|ArrayBuffer)$/)
  // Every round leaves one of 800 kB; of those at work the first heap may have had more.
  expect(kept!.retainedBytes).toBeGreaterThan(3 * 800_000)
}, 120_000)

test('one array that a Node program fills is named, although no object is more', async () => {
  const script = join(temporaryFolder(), 'fills.mjs')
  const lines = [
    "import { appendFileSync } from 'node:fs'",
    "import { setTimeout } from 'node:timers/promises'",
    'globalThis.measurements = []',
    'for (let round = 1; round <= 60; round++) {',
    '  for (let i = 0; i < 100_000; i++) globalThis.measurements.push(Math.random())',
    "  appendFileSync(process.env.TIDEMARK_MARKS, JSON.stringify({ mark: 'round', round, pid: process.pid }) + '\\n')",
    '  await setTimeout(50)',
    '}',
  ]
  writeFileSync(script, lines.join('\n'))
  const { code, diff, stderr } = await heapDiff(['--heap-diff', '5', '--', process.execPath, script])
  expect(code, stderr).toBe(0)
  const [first] = diff!.constructors!
  expect(first, stderr).toMatchObject({ name: 'Array', path: 'globalThis.measurements' })
  expect(first!.retainedBytes).toBeGreaterThan(5 * 100_000 * 8 * 0.8)
}, 120_000)

test('a program that ends too soon, or reports no rounds, gets the reason why there is no comparison', async () => {
  const short = await heapDiff(['--heap-diff', '50', '--', process.execPath, LEAKY, '2'])
  expect(short).toMatchObject({ code: 0, diff: undefined })
  expect(short.stderr).toContain('had completed 2 of the 100 rounds')
  const shell = await heapDiff(['--heap-diff', '1', '--', 'sh', '-c', 'sleep 0.2'])
  expect(shell).toMatchObject({ code: 0, diff: undefined })
  expect(shell.stderr).toContain('no Python (3.9 or later) and no Node process was in the command')
}, 60_000)

/** Starts the leaky program on its own and waits for its first round. */
async function leakyNode(flags: string[], env: Record<string, string>): Promise<{ pid: number; folder: string }> {
  const folder = temporaryFolder()
  const marks = join(folder, 'marks')
  writeFileSync(marks, '')
  const child = spawn(process.execPath, [...flags, LEAKY, '100000'], {
    env: { ...process.env, TIDEMARK_MARKS: marks, ...env },
    cwd: folder,
    stdio: 'ignore',
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await vi.waitFor(() => expect(readFileSync(marks, 'utf8')).toContain('"round":1,'), { timeout: 20_000 })
  return { pid: child.pid!, folder }
}

async function attached(pid: number, out: string) {
  const { stdout, stderr, code } = await runTidemark([
    'attach',
    '--heap-diff',
    '10',
    '--json',
    '--out',
    out,
    String(pid),
  ])
  expect(code, stderr).toBe(0)
  return { stdout, stderr, diff: (JSON.parse(stdout).heapDiff as HeapGrowth[])[0] }
}

test('attach: a Node program that waits is measured by line and by constructor', async () => {
  const folder = temporaryFolder()
  const refused = await leakyNode([], {})
  const sentence = await runTidemark(['attach', '--heap-diff', '3', '--out', join(folder, 'a'), String(refused.pid)])
  expect(sentence.code).toBe(2)
  expect(sentence.stderr).toContain('does not wait for it')
  const options = /NODE_OPTIONS='([^']+)' node/.exec(sentence.stderr)![1]!
  const { pid } = await leakyNode([], { TIDEMARK_HEAP: 'on-demand', NODE_OPTIONS: options })
  const { diff, stderr } = await attached(pid, join(folder, 'b'))
  expect(diff, stderr).toMatchObject({ engine: 'v8' })
  expect(diff!.lines[0]).toMatchObject({ file: LEAKY, line: 7 })
  expect(diff!.constructors!.find(({ name }) => name === 'ForgottenSession')!.path).toBe('globalThis.kept[]')
}, 120_000)

test('attach: a Node program with --heapsnapshot-signal is measured by constructor, and keeps no file of ours', async () => {
  const { pid, folder } = await leakyNode(['--heapsnapshot-signal=SIGUSR2'], {})
  const out = join(temporaryFolder(), 'recording')
  const { diff, stderr } = await attached(pid, out)
  expect(diff, stderr).toMatchObject({ engine: 'v8', retainedBytes: null, nativeBytes: null })
  // In fewer rounds less comes together than V8 gives back of what the first snapshot took.
  expect(diff!.toRound - diff!.fromRound).toBe(10)
  // The numbers of a session are an array of its own, whose elements V8 keeps apart.
  expect(diff!.lines[0]).toMatchObject({ file: null, function: 'Array', text: 'globalThis.kept[].data' })
  expect(diff!.lines[0]!.bytes).toBeGreaterThan(2000 * 500 * 8)
  expect(diff!.files).toHaveLength(2)
  expect(readdirSync(folder)).toEqual(['marks'])
}, 120_000)
