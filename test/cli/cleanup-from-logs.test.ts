import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { readRecording } from '../../src/recording/storage/read-recording.js'
import { PYTHON } from '../python.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark } from '../tidemark.js'

const server = (name: string) =>
  `${PYTHON} ${fileURLToPath(new URL(`../fixtures/servers/${name}.py`, import.meta.url))}`

test.each([
  ['the log tells it', ['--rounds', 'nvflare'], 'It cleans up every 5 rounds, according to its log.'],
  [
    'an axis is named like it',
    ['--rounds', 'Round (\\d+) started'],
    'gc=5 is taken to mean that it cleans up every 5 rounds.',
  ],
])('a saw-tooth is judged by the period of the cleanup where %s', async (_, rounds, said) => {
  const command = `${server('garbage_in_cycles')} --gc {gc} --rounds 20`
  const args = ['-L', 'gc', '5', ...rounds, '--role', 'server=garbage_in', '--trials', '1']
  const out = join(temporaryFolder(), 'results')
  const { code, stdout, stderr } = await runTidemark([
    'compare',
    '--details',
    '--command',
    command,
    ...args,
    '--out',
    out,
  ])
  expect(code, stderr).toBe(0)
  expect(stdout.replaceAll(/\s+/g, ' ')).toContain('Saw-tooth: every 5 rounds')
  expect(stdout.replaceAll(/\s+/g, ' ')).toContain(said)
})

async function recorded(args: string[]) {
  const folder = join(temporaryFolder(), 'recording')
  const { code, stderr } = await runTidemark(['run', '--out', folder, ...args])
  expect(code, stderr).toBe(0)
  return { stderr, recording: readRecording(folder) }
}

/** A log that comes 0.4 s late, as one that is streamed over a network does. */
const LATE = `${PYTHON} -c 'import sys, time
for line in sys.stdin:
  time.sleep(0.4) if "ROUND 1" in line else None
  sys.stdout.write(line)
  sys.stdout.flush()'`

test('rounds by a log without time stamps that another process passes on are marked as approximate, and said to be', async () => {
  const { stderr, recording } = await recorded([
    ...['--rounds', 'ROUND (\\d+)', '--role', 'server=^\\S*python\\S* \\S*gen_logs'],
    ...['--', 'bash', '-c', `${server('gen_logs')} flwr18 4 0.3 | ${LATE}`],
  ])
  const own = recording.rounds.filter(({ role }) => role === 'server')
  expect(own.map(({ round, approximate }) => [round, approximate])).toEqual([1, 2, 3, 4].map((round) => [round, true]))
  expect(recording.warnings.join('\n')).toContain('The rounds are approximate')
  expect(stderr).toMatch(/\n +~4 {2}server/)
  // The last line came when the program had ended: it is what the program held before.
  expect(own[3]!.end.rssBytes).toBeGreaterThan(own[2]!.end.rssBytes - 2 ** 20)
})

test('rounds by a log that the process writes itself are not', async () => {
  const { recording } = await recorded([
    ...['--rounds', 'ROUND (\\d+)', '--role', 'server=gen_logs\\.py'],
    ...['--', ...`${server('gen_logs')} flwr18 4 0.3`.split(' ')],
  ])
  expect(recording.rounds.map(({ round, approximate }) => [round, approximate])).toEqual(
    [1, 2, 3, 4].map((round) => [round, undefined]),
  )
})

test('the duration of a recording begins with its command, and not with the recorder', async () => {
  const { recording } = await recorded(['--', 'sleep', '0.3'])
  const { startedMs, endedMs, processes } = recording.head
  const sinceBootMs = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000
  const realMs = Date.now() - sinceBootMs + processes[0]!.startTicks * 10
  expect(startedMs).toBeGreaterThan(realMs - 30)
  expect(endedMs! - startedMs).toBeGreaterThan(200)
})
