/** What the machine or its user does to a run: each ends with a sentence and the code for it, and never as a defect (70). */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { pollUntil } from '../../src/launch/poll.js'
import { record } from '../../src/recording/record.js'
import { readMetadata } from '../../src/recording/storage/read-recording.js'
import { temporaryFolder } from '../temporary-folder.js'
import { PROGRAM, runTidemark, startTidemark } from '../tidemark.js'

const JOB = ['compare', '--command', 'sh -c "sleep 1"', '--role', 'server=sh', '--trials', '3', '--out', 'it']

test.each(['moved', 'removed'])('a folder that is %s while its trials run is named', async (how) => {
  const cwd = temporaryFolder()
  const { finished } = startTidemark(JOB, { cwd })
  expect(await pollUntil(() => existsSync(join(cwd, 'it', 'trials')), 20_000)).toBe(true)
  if (how === 'moved') renameSync(join(cwd, 'it'), join(cwd, 'elsewhere'))
  else rmSync(join(cwd, 'it'), { recursive: true, maxRetries: 5 })
  const { code, stderr } = await finished
  expect([code, stderr]).toEqual([2, expect.stringMatching(/results, it, was moved or removed|cannot write it/)])
  expect(existsSync(join(cwd, 'it', 'trials', '0003-as_it_is'))).toBe(false)
})

test.each([['run', '--', 'sleep', '0.2'], ['list'], JOB.slice(0, 5)])(
  'with 40 open files allowed %s is done or refused with the limit that it takes',
  (...args) => {
    const cwd = temporaryFolder()
    const line = `ulimit -n 40; exec "$0" "$@"`
    const { status, stderr } = spawnSync('bash', ['-c', line, process.execPath, PROGRAM, ...args], {
      cwd,
      encoding: 'utf8',
    })
    expect([0, 2, 3], stderr).toContain(status)
    // Under Node 24 and later the trials of compare run, and have no rounds.
    if (status !== 0) expect(stderr).toMatch(/open files|not one round of the server was recorded/)
    expect(stderr).not.toContain('defect')
  },
)

test('a recorder whose descriptors are used up by what it records says so, and still ends well', () => {
  const many = ['run', '--out', 'it', '--', 'sh', '-c', 'for i in $(seq 80); do sleep 3 & done; wait']
  const { status, stderr } = spawnSync('prlimit', ['--nofile=100:100', process.execPath, PROGRAM, ...many], {
    cwd: temporaryFolder(),
    encoding: 'utf8',
  })
  expect(status, stderr).toBe(0)
  expect(stderr).toMatch(/\d+ with EMFILE, too many open files in the recorder: raise the limit with ulimit -n/)
  expect(stderr).toContain('tidemark plot it draws it')
})

test('an output that cannot be written is named, and ends no measurement', () => {
  const cwd = temporaryFolder()
  const line = (rest: string) => spawnSync('sh', ['-c', `"$0" "$@" ${rest}`, process.execPath, PROGRAM], { cwd })
  const listed = line('list --json >/dev/full')
  expect([listed.status, String(listed.stderr)]).toEqual([
    2,
    'tidemark: cannot write the output: ENOSPC: no space left on device, write\n  The disk is full. Make room and try again.\n',
  ])
  line(`run --out it -- sh -c 'sleep 0.4; touch done' >/dev/full 2>/dev/full`)
  expect(existsSync(join(cwd, 'done'))).toBe(true)
  expect(readMetadata(join(cwd, 'it')).state).toBe('completed')
})

test.each([
  ['', /there is no program ""/],
  ['a\0b', /cannot start .* must be a string without null bytes/],
  [`sh -c : ${'x'.repeat(200_000)}`, /cannot start .*: spawn E2BIG/],
])('a command that no kernel starts is refused, and leaves no folder (%#)', async (command, message) => {
  const folder = temporaryFolder()
  await withTmpdir(folder, () => expect(record(command === '' ? [''] : command.split(' '))).rejects.toThrow(message))
  expect(readdirSync(folder)).toEqual([])
})

test('a recording that is removed while it runs is called gone, and not full', async () => {
  const script = 'sleep 0.5; rm -r it; sleep 0.5'
  const { code, stderr } = await runTidemark(['run', '--out', 'it', '--', 'sh', '-c', script], {
    cwd: temporaryFolder(),
  })
  expect(code, stderr).toBe(2)
  expect(stderr).toMatch(/the recording can no longer be written \(.*\): ENOENT/)
  expect(stderr).not.toContain('no space')
})

test('a setting of 400 characters has a trial', async () => {
  const args = [
    'compare',
    '-L',
    'gc',
    `1,${'y'.repeat(400)}`,
    '--command',
    'sh -c "sleep 0.1; : {gc}"',
    '--trials',
    '1',
  ]
  const { code, stderr } = await runTidemark([...args, '--role', 'server=sh'], { cwd: temporaryFolder() })
  expect([0, 3], stderr).toContain(code)
  expect(stderr).toContain('trial 2 of 2')
})

test('a TMPDIR that does not exist is named', async () => {
  await withTmpdir('/nonexistent/folder', () =>
    expect(record(['true'])).rejects.toThrow('cannot record into /nonexistent/folder'),
  )
})

async function withTmpdir(folder: string, work: () => Promise<unknown>): Promise<void> {
  const before = process.env.TMPDIR
  process.env.TMPDIR = folder
  try {
    await work()
  } finally {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
  }
}

test('Ctrl-C after the last trial is answered, and the report is written all the same', async () => {
  const cwd = temporaryFolder()
  const { child, finished } = startTidemark([...JOB.slice(0, 5), '--trials', '1', '--out', 'it'], { cwd })
  const results = join(cwd, 'it', 'comparison.json')
  const isOver = () => existsSync(results) && readFileSync(results, 'utf8').includes('"state": "completed",\n "job"')
  expect(await pollUntil(isOver, 30_000)).toBe(true)
  child.kill('SIGINT')
  const { code, signal, stderr } = await finished
  expect(signal).toBeNull()
  // On a fast machine it may come when everything is written.
  const isHeard = /all trials had ended: finishing the report|stopping: ending what runs/.test(stderr)
  expect(isHeard || code === 0, stderr).toBe(true)
  expect(existsSync(join(cwd, 'it', 'report.html'))).toBe(true)
})
