import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readRecording } from '../../src/recording/storage/read-recording.js'
import { MIB } from '../../src/shared/units.js'
import { cProgram } from '../c-program.js'
import { needs } from '../optional-parts.js'
import { PYTHON } from '../python.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark, startTidemark } from '../tidemark.js'

async function record(command: string[], options: string[] = []) {
  const folder = join(temporaryFolder(), 'recording')
  const { code, stderr } = await runTidemark(['run', '--out', folder, ...options, '--', ...command])
  return { code, stderr, recording: readRecording(folder) }
}

test(
  'a process whose main thread has ended is read by its living threads: samples, peak, rounds and name',
  needs('C compiler'),
  async () => {
    const { code, recording } = await record([cProgram('exited-main-thread'), '200'])
    expect(code).toBe(0)
    const [process] = recording.head.processes
    expect(recording.head.processes).toHaveLength(1)
    expect(process).toMatchObject({ peakKind: 'exact', name: 'exited-main-thread' })
    expect(process!.peakBytes! / MIB).toBeGreaterThan(60)
    expect(process!.last!.openFiles).toBeGreaterThan(2)
    const peaks = recording.rounds.map(({ peakBytes, peakKind }) => [Math.round(peakBytes! / MIB / 20) * 20, peakKind])
    expect(peaks).toEqual([
      [20, 'exact'],
      [40, 'exact'],
      [60, 'exact'],
    ])
  },
)

test('a process whose main thread has ended can be attached to', needs('C compiler'), async () => {
  const folder = join(temporaryFolder(), 'recording')
  const program = cProgram('exited-main-thread')
  const { child, finished } = startTidemark(['run', '--out', `${folder}-of-run`, '--', program, '700'])
  const { spawnSync } = await import('node:child_process')
  const { pollUntil } = await import('../../src/launch/poll.js')
  let pid = ''
  const isThere = await pollUntil(() => {
    pid = spawnSync('pgrep', ['-P', String(child.pid), '-x', 'exited-main-thr'])
      .stdout.toString()
      .trim()
    return pid !== ''
  }, 10_000)
  expect(isThere).toBe(true)
  const { code } = await runTidemark(['attach', pid, '--out', folder])
  expect(code).toBe(0)
  expect((await finished).code).toBe(0)
  const { processes } = readRecording(folder).head
  expect(processes[0]!.peakBytes! / MIB).toBeGreaterThan(60)
})

test.each([0, 5, 60, 250])(
  'a peak whose process becomes another program after %d ms is caught or a lower bound, at 10 and at 100 samples a second',
  needs('C compiler'),
  async (ms) => {
    const program = cProgram('exec-after-peak')
    for (const rate of ['10', '100']) {
      const { recording } = await record([program, String(ms)], ['--rate', rate])
      const [process] = recording.head.processes
      expect(process).toMatchObject({ peakKind: 'sampled', isReplaced: true })
      expect(recording.warnings.join('\n')).toMatch(/became another program \(exec\)/)
      const highest = Math.max(...recording.samples.map(({ rss }) => rss[0]![1]))
      expect(process!.peakBytes!).toBeGreaterThanOrEqual(highest)
    }
  },
)

test.each([
  ['at once', ''],
  ['when it was read once', 'sleep 0.03; '],
])('a shell that becomes its command %s has an exact peak', async (_, before) => {
  const { recording } = await record([
    'bash',
    '-c',
    `${before}exec ${PYTHON} -c 'x = bytearray(40 << 20); import time; time.sleep(0.7)'`,
  ])
  expect(recording.head.processes.find(({ name }) => name !== 'sleep')).toMatchObject({ peakKind: 'exact' })
  expect(Math.max(...recording.head.processes.map(({ peakBytes }) => peakBytes!)) / MIB).toBeGreaterThan(40)
  expect(recording.warnings.join()).not.toContain('became another program')
})

test('no exact peak lies below a sample, also of a process that grows until it is killed', async () => {
  const grow =
    'import os, signal\nx = []\nfor i in range(60): x.append(bytearray(1 << 20))\nos.kill(os.getpid(), signal.SIGKILL)'
  for (let i = 0; i < 3; i++) {
    const { recording } = await record([PYTHON, '-c', grow], ['--rate', '1000'])
    for (const { pid, peakBytes, peakKind } of recording.head.processes) {
      const highest = Math.max(
        0,
        ...recording.samples.flatMap(({ rss }) => rss.flatMap(([of, bytes]) => (of === pid ? [bytes] : []))),
      )
      if (peakKind === 'exact' && peakBytes !== null) expect(peakBytes).toBeGreaterThanOrEqual(highest)
      expect(peakBytes ?? highest).toBeGreaterThanOrEqual(highest)
    }
  }
})

const POOL = '/proc/sys/vm/nr_hugepages'
const HUGE = `
import mmap, time
held = mmap.mmap(-1, 8 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40000)
for at in range(0, 8 << 20, 4096): held[at] = 1
time.sleep(1.2)`

test('huge pages, which RSS leaves out, are counted and named', needs('a pool of huge pages'), async () => {
  const before = readFileSync(POOL, 'utf8')
  writeFileSync(POOL, '8')
  try {
    const { code, recording, stderr } = await record([PYTHON, '-c', HUGE])
    expect(code, stderr).toBe(0)
    expect(recording.head.processes[0]!.hugetlbBytes).toBe(8 * MIB)
    expect(recording.head.processes[0]!.peakBytes! / MIB).toBeLessThan(40)
    expect(stderr).toContain('held 8.0 MiB of huge pages (hugetlbfs) as well: RSS and peaks do not count them')
  } finally {
    writeFileSync(POOL, before)
  }
})
