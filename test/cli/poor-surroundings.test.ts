/** What the machine or its user does to a run: each ends with a sentence and the code for it, and never as a defect (70). */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { pollUntil } from '../../src/launch/poll.js'
import { record } from '../../src/recording/record.js'
import { temporaryFolder } from '../temporary-folder.js'
import { PROGRAM, startTidemark } from '../tidemark.js'

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
    if (status !== 0) expect(stderr).toMatch(/open files/)
    expect(stderr).not.toContain('defect')
  },
)

test('a TMPDIR that does not exist is named', async () => {
  const before = process.env.TMPDIR
  process.env.TMPDIR = '/nonexistent/folder'
  try {
    await expect(record(['true'])).rejects.toThrow('cannot record into /nonexistent/folder')
  } finally {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
  }
})

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
