import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { Recording } from '../../src/recording/recording.js'
import { readRecording } from '../../src/recording/storage/read-recording.js'
import { MIB } from '../../src/shared/units.js'
import { PYTHON } from '../python.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark } from '../tidemark.js'

const server = (name: string) => fileURLToPath(new URL(`../fixtures/servers/${name}.py`, import.meta.url))

async function recorded(args: string[]): Promise<Recording> {
  const folder = join(temporaryFolder(), 'recording')
  const { code, stderr } = await runTidemark(['run', '--rate', '20', '--out', folder, ...args])
  expect(code, stderr).toBe(0)
  return readRecording(folder)
}

const ROUNDS = 4

test.each([
  ['flwr15', ['--rounds', 'flower'], ROUNDS],
  ['flwr018', ['--rounds', 'flower'], ROUNDS],
  ['flwr18', ['--rounds', 'flower'], ROUNDS],
  ['hydra', ['--rounds', 'flower'], ROUNDS],
  ['nvcyclic', ['--rounds', 'nvflare'], ROUNDS],
  ['nvsag', ['--rounds', 'nvflare'], ROUNDS],
  ['nvjson', ['--rounds', 'nvflare'], ROUNDS],
  ['openfl', ['--rounds', 'openfl'], ROUNDS],
  ['fedml', ['--rounds', 'fedml'], ROUNDS],
  ['fscope', ['--rounds', 'federatedscope'], ROUNDS],
  ['pfllib', ['--rounds', 'pfllib'], 2 * ROUNDS], // it does its job twice
  ['mmcv', ['--rounds', 'Epoch \\[(\\d+)\\]'], ROUNDS],
  ['tqdm', ['--rounds', 'Epoch (\\d+)/'], ROUNDS],
  ['noted', ['--rounds', 'new aggregation round'], ROUNDS],
])(
  '%s: every round that a log of this kind tells of is recorded, the last one with what the program held',
  async (kind, args, rounds) => {
    const recording = await recorded([...args, '--', PYTHON, server('gen_logs'), kind, String(ROUNDS), '0.3'])
    expect(recording.rounds.map(({ round }) => round)).toEqual(Array.from({ length: rounds }, (_, i) => i + 1))
    expect(recording.warnings.filter((warning) => warning.includes('followed'))).toEqual([])
    const [before, last] = recording.rounds.slice(-2).map(({ end }) => end.rssBytes)
    // It keeps what each round brought; what falls after its last line is the program's own end.
    expect(last!).toBeGreaterThanOrEqual(before! - 0.5 * MIB)
  },
)

test.each([
  ['a line of the end', ['--rounds', 'flower']],
  ['a pattern of begins', ['--rounds', 'ROUND (\\d+)']],
  ['a pattern of ends, of which the last is the last line', ['--rounds-end', 'ROUND (\\d+)|finished']],
])('the last round of a program that is torn down right after its last line is what it held: %s', async (_, args) => {
  const { rounds } = await recorded([...args, '--', PYTHON, server('teardown'), '12'])
  const ends = rounds.map(({ end }) => end.rssBytes)
  expect(ends.length).toBeGreaterThanOrEqual(12)
  expect(ends.at(-1)!).toBeGreaterThanOrEqual(ends.at(-2)!)
  expect(rounds.at(-1)!.peakBytes!).toBeGreaterThanOrEqual(ends.at(-1)!)
  const { rssBytes, rssAnonBytes, rssFileBytes, rssShmemBytes } = rounds.at(-1)!.end
  expect(rssAnonBytes + rssFileBytes + rssShmemBytes).toBe(rssBytes)
})

test('a program that fails has not come to the end of the round that it was in', async () => {
  const folder = join(temporaryFolder(), 'recording')
  const script = 'for i in 1 2 3; do echo "round $i"; sleep 0.2; done; exit 4'
  const { code } = await runTidemark(['run', '--rounds', 'round (\\d+)', '--out', folder, '--', 'sh', '-c', script])
  expect(code).toBe(4)
  expect([...new Set(readRecording(folder).rounds.map(({ round }) => round))]).toEqual([1, 2])
})

test('begins on one stream and ends on the other are of the same rounds', async () => {
  const script = 'for i in 0 1 2; do echo "round $i"; sleep 0.2; echo "done" >&2; sleep 0.1; done'
  const args = ['--rounds', 'round (\\d+)', '--rounds-end', 'done', '--', 'bash', '-c', script]
  const { rounds } = await recorded(args)
  const ofShell = rounds.filter(({ name }) => name === 'bash')
  expect(ofShell.map(({ round }) => round)).toEqual([1, 2, 3])
  // What lies between an end and the next begin is of no round.
  for (const [i, { startedMs }] of ofShell.entries()) expect(startedMs).toBeGreaterThan(ofShell[i - 1]?.endedMs ?? 0)
})
