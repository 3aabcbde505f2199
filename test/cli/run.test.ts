import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { pollUntil } from '../../src/launch/poll.js'
import { catchesSignal } from '../../src/linux/process/caught-signals.js'
import { descendantsOf } from '../../src/linux/process/descendants.js'
import { isAlive, readProcessStat } from '../../src/linux/process/process-stat.js'
import { readRecording } from '../../src/recording/storage/read-recording.js'
import { MIB } from '../../src/shared/units.js'
import { needs } from '../optional-parts.js'
import { PYTHON } from '../python.js'
import { temporaryFolder } from '../temporary-folder.js'
import { PROGRAM, runTidemark, startTidemark } from '../tidemark.js'

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))

/** `tidemark run` with these arguments into a folder of its own, and what it recorded. */
async function record(args: string[], options: { env?: Record<string, string> } = {}) {
  const folder = join(temporaryFolder(), 'recording')
  const finished = await runTidemark(['run', '--out', folder, ...args], options)
  return { ...finished, folder, recording: existsSync(folder) ? readRecording(folder) : undefined }
}

test("passes the command's output and exit code through, and sums up on standard error", async () => {
  const { code, stdout, stderr, recording } = await record([
    '--',
    'sh',
    '-c',
    'echo out; echo err >&2; sleep 0.3; exit 7',
  ])
  expect(code).toBe(7)
  expect(stdout).toBe('out\n')
  expect(stderr).toMatch(/^err\ntidemark: recorded .*\nThe command exited with code 7\.\n/)
  expect(stderr).toContain('exit code 7')
  expect(recording!.head).toMatchObject({ state: 'failed', reason: 'The command exited with code 7.' })
})

test('passes standard input through', async () => {
  const folder = join(temporaryFolder(), 'recording')
  const child = spawn(process.execPath, [PROGRAM, 'run', '--out', folder, '--', 'wc', '-c'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  child.stdin.end('12345')
  let output = ''
  for await (const chunk of child.stdout) output += chunk
  expect(output.trim()).toBe('5')
})

test('a command that a signal ended is distinguished from one that failed, with the code that a shell would give', async () => {
  const { code, stderr } = await record(['--', 'sh', '-c', 'sleep 0.3; kill -KILL $$'])
  expect(code).toBe(137)
  expect(stderr).toMatch(/The command was killed by SIGKILL\./)
  expect(stderr).toMatch(/killed by SIGKILL after \S+ m?s, last read at \d/)
})

test('signals go to the command, which decides what comes of them', async () => {
  const folder = join(temporaryFolder(), 'recording')
  const script = 'trap "echo caught; exit 5" USR1; echo ready; while :; do sleep 0.05; done'
  const { child, finished } = startTidemark(['run', '--out', folder, '--', 'sh', '-c', script])
  await once(child.stdout!, 'data')
  child.kill('SIGUSR1')
  const { code, stdout } = await finished
  expect([code, stdout]).toEqual([5, 'ready\ncaught\n'])
})

test('Ctrl-C ends a command that does not catch it; the recording is whole', async () => {
  const folder = join(temporaryFolder(), 'recording')
  const { child, finished } = startTidemark(['run', '--out', folder, '--', 'sh', '-c', 'echo ready; exec sleep 1000'])
  await once(child.stdout!, 'data')
  child.kill('SIGINT')
  expect((await finished).code).toBe(130)
  expect(readRecording(folder).head).toMatchObject({ state: 'stopped', reason: 'The command was killed by SIGINT.' })
})

test('the whole family is recorded once: fork, double fork, exec, daemon; the recorder itself is not', async () => {
  const { code, recording, stderr } = await record(['--rate', '50', '--', PYTHON, fixture('family.py'), '2'])
  expect(code).toBe(0)
  const { head, samples } = recording!
  const heldMib = head.processes.map(({ last }) => Math.round((last?.rssAnonBytes ?? 0) / MIB / 10) * 10)
  expect(heldMib.filter((mib) => mib >= 30).sort()).toEqual([30, 40, 50])
  expect(head.processes.map(({ name }) => name)).toContain('sleep')
  expect(head.processes.map(({ command }) => command).filter((line) => line.includes('main.js'))).toEqual([])
  expect(new Set(head.processes.map(({ pid }) => pid)).size).toBe(head.processes.length)
  for (const { rss } of samples) expect(new Set(rss.map(([pid]) => pid)).size).toBe(rss.length)
  expect(head.treePeak!.rssBytes).toBeGreaterThan(120 * MIB)
  expect(stderr).toMatch(
    /peak of the tree: \d+\.\d MiB after .* processes sampled together \((a lower bound|pages that they share count once)\)/,
  )
})

test('200 children in two seconds neither crash it nor stop the walk over the others; coverage is reported', async () => {
  const script = `${PYTHON} ${fixture('short-lived.py')} & ${PYTHON} ${fixture('family.py')} 3 & wait`
  const { code, recording, stderr } = await record(['--rate', '100', '--', 'sh', '-c', script])
  expect(code).toBe(0)
  const { head, samples } = recording!
  const { seen, vanished, unreadable } = head.sampling.processes!
  expect(seen + vanished).toBeGreaterThan(20)
  expect(unreadable).toBe(0)
  expect(seen).toBe(head.processes.length)
  expect(stderr).toMatch(/processes: \d+ seen, \d+ ended before they could be read, 0 unreadable/)
  // The family is there in every sample between its first and its last, whatever vanished beside it.
  const steady = head.processes.filter(({ last }) => (last?.rssAnonBytes ?? 0) > 25 * MIB)
  expect(steady).toHaveLength(3)
  for (const { pid, firstSeenMs, lastSeenMs } of steady) {
    const during = samples.filter(({ timeMs }) => timeMs >= firstSeenMs - 0.01 && timeMs <= lastSeenMs - 0.01)
    expect(during.filter(({ rss }) => !rss.some(([each]) => each === pid))).toEqual([])
  }
})

test.each([
  ['as it is', []],
  ['read for rounds', ['--rounds', 'round (\\d+)']],
])(
  'a daemon that the command leaves behind with our output open, %s, continues and is named',
  async (_how, options) => {
    const folder = join(temporaryFolder(), 'recording')
    const script = 'setsid sleep 1000 & sleep 0.3'
    const { child } = startTidemark(['run', ...options, '--out', folder, '--', 'sh', '-c', script])
    let stderr = ''
    child.stderr!.on('data', (text: string) => {
      stderr += text
    })
    const named = () => /still running, and no longer recorded: pids (\d+)\./.exec(stderr)
    // Not the end of its output: the daemon holds that open.
    expect(await once(child, 'exit')).toEqual([0, null])
    expect(await pollUntil(() => named() !== null, 10_000)).toBe(true)
    const pid = Number(named()![1])
    onTestFinished(() => void process.kill(pid, 'SIGKILL'))
    expect(readProcessStat(pid)).toMatchObject({ kind: 'read', name: 'sleep' })
  },
)

test.each([
  ['once it runs', true],
  ['as soon as it can be', false],
])('Ctrl-Z stops the command as well, %s, and fg lets both continue', async (_when, waitsForCommand) => {
  const folder = join(temporaryFolder(), 'recording')
  // Not a shell: it waits in state D for a child that is stopped before its exec.
  const script = 'import time; print("up", flush=True); time.sleep(3); print("done")'
  const { child, finished } = startTidemark(['run', '--out', folder, '--', PYTHON, '-c', script])
  if (waitsForCommand) await once(child.stdout!, 'data')
  // The command may speak before its recorder listens to signals.
  expect(await pollUntil(() => catchesSignal(child.pid!, 'SIGTSTP'), 10_000)).toBe(true)
  child.kill('SIGTSTP')
  const states = () =>
    [child.pid!, ...descendantsOf(child.pid!).flatMap(({ pid, name }) => (name.startsWith('python') ? [pid] : []))]
      .map((pid) => stateOf(pid))
      .join('')
  expect(await pollUntil(() => states() === 'TT', 10_000), states()).toBe(true)
  child.kill('SIGCONT')
  expect(await finished).toMatchObject({ code: 0, stdout: 'up\ndone\n' })
})

function stateOf(pid: number): string {
  const stat = readProcessStat(pid)
  return stat.kind === 'read' ? stat.state : '-'
}

test('--role names processes by their command line, a program that exec brought as well', async () => {
  const { recording } = await record([
    '--role',
    'server=family\\.py',
    '--role',
    'napper=^sleep',
    '--',
    PYTHON,
    fixture('family.py'),
    '1',
  ])
  const roles = recording!.head.processes.map(({ role, name }) => `${role} ${name}`)
  expect(roles.filter((role) => role === 'napper sleep')).toHaveLength(1)
  expect(roles.filter((role) => role === 'server family.py').length).toBeGreaterThanOrEqual(4)
})

test('a descendant that a signal ended is named with its last reading', async () => {
  // A parent that does not ask after its child, as pools of workers are.
  const script = `import os, signal, time
pid = os.fork()
if pid == 0: time.sleep(1000)
time.sleep(0.5)
os.kill(pid, signal.SIGSEGV)
time.sleep(1)`
  const { code, stderr, recording } = await record(['--', PYTHON, '-c', script])
  expect(code).toBe(0)
  expect(stderr).toMatch(/killed by SIGSEGV after .*, last read at \d/)
  expect(recording!.head.processes.map(({ exit }) => exit)).toEqual([
    expect.objectContaining({ code: 0, signal: null }),
    { code: null, signal: 'SIGSEGV' },
  ])
})

test('marks of a program give a table of rounds with exact peaks', async () => {
  const truth = join(temporaryFolder(), 'truth')
  const { recording, stderr } = await record(['--', PYTHON, fixture('spikes.py'), '5', '100', '3', truth])
  const heights = readFileSync(truth, 'utf8').trim().split('\n').map(Number)
  for (const [i, height] of heights.entries())
    expect(Math.abs(recording!.rounds[i]!.peakBytes! / height - 1)).toBeLessThan(0.01)
  expect(stderr).toMatch(/rounds, memory in MiB:\nround {2}process/)
  expect(stderr).toMatch(/\n {4}5 {2}spikes\.py +1\d\d\.\d {2}exact/)
})

test(
  'where /proc may not be written to, peaks of later rounds are samples, and the output says so',
  needs('mounts'),
  async () => {
    const readOnly = 'mount --rbind /proc /proc && mount -o remount,bind,ro /proc && exec "$@"'
    const [folder, truth] = [join(temporaryFolder(), 'recording'), join(temporaryFolder(), 'truth')]
    const command = [PYTHON, fixture('spikes.py'), '3', '60', '3', truth]
    const run = [process.execPath, PROGRAM, 'run', '--out', folder, '--', ...command]
    const { status, stderr } = spawnSync('unshare', ['-rm', 'sh', '-c', readOnly, 'sh', ...run], { encoding: 'utf8' })
    expect([status, stderr]).toEqual([0, expect.stringContaining('the kernel refused to reset it')])
    expect(readRecording(folder).rounds.map(({ peakKind }) => peakKind)).toEqual(['exact', 'sampled', 'sampled'])
  },
)

test('--rounds finds rounds in the output, which is passed through, in a log with --log', async () => {
  const script = 'for i in 1 2 3; do echo "Round $i started"; sleep 0.2; done; echo done >&2'
  const inOutput = await record(['--rounds', 'Round (\\d+) started', '--', 'bash', '-c', script])
  expect(inOutput.stdout).toBe('Round 1 started\nRound 2 started\nRound 3 started\n')
  expect(inOutput.stderr).toMatch(/^done\n/)
  expect([...new Set(inOutput.recording!.rounds.map(({ round }) => round))]).toEqual([1, 2, 3])

  const log = join(temporaryFolder(), 'job.log')
  writeFileSync(log, 'Round 7 started\n') // of an earlier run
  const toLog = `(${script}) >> "$JOB_LOG"`
  const inLog = await record(['--rounds', 'Round (\\d+) started', '--log', log, '--', 'bash', '-c', toLog], {
    env: { JOB_LOG: log },
  })
  expect([...new Set(inLog.recording!.rounds.map(({ round }) => round))]).toEqual([1, 2, 3])
})

test.each([
  ['nvflare', 'nvflare_server_stdout_fedavg.log', [1, 2]], // it was cut off in its second round, which the end ends
  ['nvflare', 'nvflare_server_stdout_cyclic.log', [1, 2]],
  ['flower', 'flower_run_stream.log', [1, 2, 3]],
])('--rounds %s finds the rounds of a real log, %s', async (preset, log, rounds) => {
  const print = `import sys, time
for line in open(sys.argv[1], "rb"):
  sys.stdout.buffer.write(line)
  sys.stdout.buffer.flush()
  time.sleep(0.01)`
  const path = fixture(`samples/${log}`)
  const { stdout, recording } = await record(['--rounds', preset, '--', PYTHON, '-c', print, path])
  expect(stdout).toBe(readFileSync(path, 'utf8'))
  expect(recording!.rounds.map(({ round }) => round)).toEqual(rounds)
  expect(recording!.rounds[0]!.peakKind).toBe('exact')
})

test('a command that grows past --rss-limit is ended, with all that it started, and exits with 3', async () => {
  const script = `import os, time
if os.fork() == 0: os.setsid(); time.sleep(1000)
held = []
while True: held.append(bytearray(b"1") * 10**6); time.sleep(0.005)`
  const { code, stderr, recording } = await record(['--rss-limit', '80MB', '--rate', '50', '--', PYTHON, '-c', script])
  expect(code).toBe(3)
  expect(stderr).toMatch(
    /The command was ended: its tree reached \d+\.\d MiB, over the limit of 76\.3 MiB \(--rss-limit\)/,
  )
  for (const process of recording!.head.processes) expect(isAlive(process)).toBe(false)
})

test('a command that outlasts --timeout and ignores SIGTERM is killed after --grace', async () => {
  const { code, stderr, stdout } = await record([
    '--timeout',
    '1500ms',
    '--grace',
    '200ms',
    '--',
    'sh',
    fixture('ignores-sigterm.sh'),
  ])
  expect([code, stdout]).toEqual([3, 'ready\n'])
  expect(stderr).toContain(
    'The command was killed, since it did not end when it was asked: it ran longer than 1.5 s (--timeout).',
  )
})

test('--pss records PSS and USS at a rate of their own, for the table, the JSON and the export', async () => {
  const { folder, stderr, recording } = await record(['--pss', '--pss-interval', '100ms', '--', 'sleep', '1'])
  const lines = readFileSync(join(folder, 'shared.ndjson'), 'utf8').trim().split('\n')
  expect(lines.length).toBeGreaterThan(3)
  const [timeMs, pid, pssBytes, ussBytes] = JSON.parse(lines.at(-1)!) as number[]
  expect(timeMs).toBeGreaterThan(1e12)
  expect(pid).toBeGreaterThan(0)
  expect(pssBytes).toBeGreaterThanOrEqual(ussBytes!)
  expect(ussBytes).toBeGreaterThan(0)
  expect(stderr).toMatch(/pid +name .* PSS +USS +threads/)
  const [process] = recording!.head.processes
  expect(process!.shared!.pssBytes).toBeGreaterThanOrEqual(pssBytes!)
  const { stdout } = await runTidemark(['export', folder, '--csv', '--table', 'shared'])
  expect(stdout).toMatch(/^role,name,pid,time_ms,pss_bytes,uss_bytes\r?\n/)
  expect(stdout.trim().split('\n')).toHaveLength(lines.length + 1)
  const without = await record(['--', 'sleep', '0.1'])
  const refused = await runTidemark(['export', without.folder, '--csv', '--table', 'shared'])
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('has no readings of PSS') })
})

test('--json prints the summary as JSON', async () => {
  const { stderr } = await record(['--json', '--', 'sleep', '0.3'])
  expect(JSON.parse(stderr)).toMatchObject({ state: 'completed', processes: [{ name: 'sleep', exit: { code: 0 } }] })
})

test('without --out the folder is named by the local time, here', async () => {
  const cwd = temporaryFolder()
  const { stderr } = await runTidemark(['run', '--', 'sleep', '0.2'], { cwd })
  const [name] = readdirSync(cwd)
  expect(name).toMatch(/^tidemark-\d{14}$/)
  expect(stderr).toContain(`recording: ${name}. tidemark plot draws it.`)
})

test('the command that draws it can be pasted whatever the folder is called', async () => {
  const cwd = temporaryFolder()
  const { stderr } = await runTidemark(['run', '--out', "it's mine", '--', 'true'], { cwd })
  expect(stderr).toContain(`recording: it's mine. tidemark plot 'it'\\''s mine' draws it.`)
})

test('a recording that is there is refused without --force, and what is no recording always', async () => {
  const folder = join(temporaryFolder(), 'recording')
  await runTidemark(['run', '--out', folder, '--', 'true'])
  const again = await runTidemark(['run', '--out', folder, '--', 'true'])
  expect([again.code, again.stderr]).toEqual([
    2,
    `tidemark: ${folder} holds a recording already\n  Name another folder with --out, or replace it with --force.\n`,
  ])
  expect((await runTidemark(['run', '--out', folder, '--force', '--', 'sh', '-c', 'exit 4'])).code).toBe(4)
  // A name that was misspelt replaces nothing.
  expect((await runTidemark(['run', '--out', folder, '--force', '--', 'no-such-program'])).code).toBe(2)
  expect(readFileSync(join(folder, 'recording.json'), 'utf8')).toContain('exit 4')
  // Nor does what fails once the folder is its own.
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const listen = ['--listen', `127.0.0.1:${(server.address() as AddressInfo).port}`]
  expect((await runTidemark(['run', '--out', folder, '--force', ...listen, '--', 'true'])).code).toBe(2)
  const heap = ['attach', '--out', folder, '--force', '--heap-diff', '5', String(process.pid)]
  expect(await runTidemark(heap)).toMatchObject({ code: 2, stderr: expect.stringContaining('does not wait for it') })
  expect(readFileSync(join(folder, 'recording.json'), 'utf8')).toContain('exit 4')
  expect(readdirSync(dirname(folder))).toEqual(['recording'])

  const other = temporaryFolder()
  const thesis = join(other, 'thesis.txt')
  appendFileSync(thesis, 'x')
  expect(await runTidemark(['run', '--out', thesis, '--force', '--', 'true'])).toMatchObject({
    code: 2,
    stderr: `tidemark: ${thesis} is there already, and is no recording\n  Name another folder with --out.\n`,
  })
  expect(await runTidemark(['run', '--out', other, '--force', '--', 'true'])).toMatchObject({ code: 2 })
  expect(readdirSync(other)).toEqual(['thesis.txt'])
})

test.each([
  [[], 'run: no command was given'],
  [['--', 'no-such-program'], 'cannot start the command: there is no program "no-such-program"'],
  [['--rate', '5', '--interval', '1s', '--', 'true'], 'run: --rate and --interval say the same thing'],
  [['--log', 'x', '--', 'true'], 'run: --log x needs --rounds'],
  [['--rounds', '(Round|Epoch) (\\d+)', '--', 'true'], '--rounds: "(Round|Epoch) (\\d+)" has 2 groups'],
  [['--rounds', 'nvflare', '--log', '/', '--', 'true'], 'cannot follow /: found a folder'],
  [['--rounds', 'nvflare', '--log', '/dev/null', '--', 'true'], 'cannot follow /dev/null: found a pipe or a device'],
  [['--role', 'server', '--', 'true'], '--role: found "server", expected NAME=PATTERN'],
  [['--listen', '0', '--token', 'short', '--', 'true'], '--token: expected at least 16 letters'],
  [['--rate', '2000', '--', 'true'], '--rate: found "2000", expected a number above 0, at most 1000'],
])('run %j is wrong usage: %s', async (args, message) => {
  const cwd = temporaryFolder()
  const { code, stderr } = await runTidemark(['run', ...args], { cwd })
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)])
  expect(readdirSync(cwd)).toEqual([])
})

test('a program that could not be started leaves no recording, and a folder that was there as it was', async () => {
  const cwd = temporaryFolder()
  mkdirSync(join(cwd, 'mine'))
  for (const out of ['new/deeper', 'mine'])
    expect(await runTidemark(['run', '--out', out, '--', 'no-such-program'], { cwd })).toMatchObject({ code: 2 })
  expect(readdirSync(cwd, { recursive: true })).toEqual(['mine'])
  expect(await runTidemark(['run', '--out', 'mine', '--', 'true'], { cwd })).toMatchObject({ code: 0 })
})

test('on another system than Linux, run says in one line that it needs Linux', async () => {
  const mac = `data:text/javascript,Object.defineProperty(process,'platform',{value:'darwin'})`
  const { code, stderr } = await runTidemark(['run', '--', 'true'], { env: { NODE_OPTIONS: `--import ${mac}` } })
  expect([code, stderr]).toEqual([2, 'tidemark: run needs Linux, which shows memory in /proc; this is darwin\n'])
})

test('when the recording cannot be written any more the command continues; the user is warned at once, and 3 is the exit code', async () => {
  const folder = join(temporaryFolder(), 'recording')
  // A limit on the size of files stands in for a full disk; the command lifts it for itself.
  const script = 'ulimit -S -f 4; exec "$@"'
  const command = [
    'run',
    '--rate',
    '1000',
    '--out',
    folder,
    '--',
    'sh',
    '-c',
    'ulimit -S -f unlimited; sleep 1.5; echo ran',
  ]
  const child = spawn('bash', ['-c', script, 'limited', process.execPath, PROGRAM, ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const [code] = await once(child, 'close')
  expect(stdout).toBe('ran\n')
  expect(stderr).toMatch(/^tidemark: the recording can no longer be written .*\nThe command continues unrecorded\.\n/)
  expect(code).toBe(3)
  expect(readRecording(folder).samples.length).toBeGreaterThan(50)
})

test('when the recorder is killed with SIGKILL, nothing that it started survives', async () => {
  const folder = join(temporaryFolder(), 'recording')
  const script = 'setsid sleep 1000 & sleep 1000 & echo ready; wait'
  const { child } = startTidemark(['run', '--rate', '100', '--out', folder, '--', 'bash', '-c', script])
  await once(child.stdout!, 'data')
  const found = () => readRecording(folder).head.processes
  expect(await pollUntil(() => found().length === 3, 10_000)).toBe(true)
  child.kill('SIGKILL')
  expect(await pollUntil(() => !found().some((process) => isAlive(process)), 10_000)).toBe(true)
})

/** A memory cgroup with a limit; its path on disk. */
function limitedCgroup(bytes: number): string {
  const folder = `/sys/fs/cgroup/memory/tidemark-test-${process.pid}`
  mkdirSync(folder)
  writeFileSync(join(folder, 'memory.limit_in_bytes'), String(bytes))
  return folder
}

test(
  'a process that the kernel killed for want of memory is named, its parent’s exit code or not',
  needs('memory cgroup'),
  async () => {
    const cgroup = limitedCgroup(60 * MIB)
    const grow = 'x = []\nwhile True: x.append(bytearray(b"1") * 10**6)'
    const script = `(echo 0 > ${cgroup}/cgroup.procs; exec ${PYTHON} -c '${grow}'); sleep 0.2; exit 0`
    const { code, stderr, recording } = await record(['--rate', '100', '--', 'bash', '-c', script])
    expect(code).toBe(0)
    expect(stderr).toMatch(/OUT OF MEMORY: killed by the kernel after .*, last read at \d/)
    expect(recording!.head.processes.filter(({ exit }) => exit?.outOfMemory)).toHaveLength(1)
  },
)
