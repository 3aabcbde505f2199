/** The interval of the cleanups decides which saw-teeth are looked for. */
import { expect, test } from 'vitest'
import type { RecordingFile } from '../../src/recording/formats/open-recording.js'
import type { RecordingEvent } from '../../src/recording/formats/recording-event.js'
import { roundsToJudge } from '../../src/recording/formats/rounds-to-judge.js'
import { analyzeRounds } from '../../src/verdict/shape/analyze-rounds.js'

const MIB = 2 ** 20
/** Four rounds of garbage, and a cleanup in the fifth. */
const teeth = Array.from({ length: 40 }, (_, i) => (100 + 10 * (i % 5)) * MIB)

test('saw-teeth of an unknown interval are found, and a known one confirms them', () => {
  expect(analyzeRounds(teeth)).toMatchObject({ shape: 'sawtooth', period: 5 })
  expect(analyzeRounds(teeth, { gcRounds: 5 })).toMatchObject({ shape: 'sawtooth', period: 5 })
})

test('without cleanups (--gc-rounds 0), and with one after each round, no period is looked for', () => {
  for (const gcRounds of [0, 1]) {
    const { shape, period } = analyzeRounds(teeth, { gcRounds })
    expect([shape, period ?? null]).not.toContain('sawtooth')
    expect(period ?? null).toBeNull()
  }
})

test('each peer of a swarm is judged with its own interval, the memoryGcRounds of the recording', () => {
  function* events(): Generator<RecordingEvent, undefined> {
    yield { kind: 'origin', facts: { setting: { memoryGcRounds: 5, arenaMax: 'unset' } } }
    for (const [index, bytes] of teeth.entries())
      for (const pid of [1, 2])
        yield {
          kind: 'round',
          round: index + 1,
          startMs: null,
          endMs: null,
          process: { pid, role: 'peer', name: `site-${pid}` },
          peakBytes: null,
          peakKind: 'sampled',
          endRssBytes: pid * bytes,
        }
  }
  const file = { path: 'swarm', events } as unknown as RecordingFile
  const judged = roundsToJudge(file)
  expect(judged).toMatchObject({ gcRounds: 5, process: { pid: 2, name: 'site-2' } })
  const series = { rounds: judged.rounds.map(({ round }) => round), bytes: judged.rounds.map(({ bytes }) => bytes!) }
  expect(analyzeRounds(series.bytes, { gcRounds: judged.gcRounds! })).toMatchObject({ shape: 'sawtooth', period: 5 })
})
