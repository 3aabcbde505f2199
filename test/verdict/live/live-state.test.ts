import { expect, test } from 'vitest'
import type { RoundRecord } from '../../../src/recording/recording.js'
import { MIB } from '../../../src/shared/units.js'
import { LiveState } from '../../../src/verdict/live/live-state.js'

interface Growing {
  rounds: number
  limitMib: number
  othersMib: number
  /** Rounds without a sample, whose end has the limit. */
  isSampledOnce?: boolean
}

/** A program whose server keeps 2 MiB a round beside one that keeps none, in a cgroup with a limit. */
function growing({ rounds, limitMib, othersMib, isSampledOnce = false }: Growing) {
  const state = new LiveState({ command: ['job'], startedMs: 0, limit: null, windowMs: 1e9 })
  const bytesAt = (round: number) => (100 + 2 * round + ((7 * round) % 5) / 10) * MIB
  const limitIn = (round: number) => {
    // Of the others that the first sample has, some are gone later.
    const others = isSampledOnce && round === 1 ? othersMib + 90 : othersMib
    const rss = new Map([
      [7, bytesAt(round)],
      [8, 50 * MIB],
    ])
    const usedBytes = bytesAt(round) + others * MIB
    return { bytes: limitMib * MIB, name: 'the limit of the cgroup' as const, usedBytes, rss }
  }
  const sample = (round: number) => {
    const processes = [
      { pid: 7, role: 'server', name: 's', rssBytes: bytesAt(round), peakBytes: null, peakKind: 'exact' as const },
      { pid: 8, role: 'client', name: 'c', rssBytes: 50 * MIB, peakBytes: null, peakKind: 'exact' as const },
    ]
    state.addSample(1000 * round, processes, limitIn(round))
  }
  const end = (round: number) => {
    const memory = { rssBytes: bytesAt(round), rssAnonBytes: 0, rssFileBytes: 0, rssShmemBytes: 0 }
    const times = { startedMs: 1000 * (round - 1), endedMs: 1000 * round }
    const rest = { peakBytes: bytesAt(round), peakKind: 'exact' as const, work: null, cleanup: null, accuracy: null }
    const record: RoundRecord = { role: 'server', name: 's', pid: 7, round, ...times, end: memory, ...rest }
    state.addRounds([record], isSampledOnce ? limitIn(round) : undefined)
  }
  for (let round = 1; round <= rounds; round++) {
    if (!isSampledOnce || round === 1) sample(round)
    end(round)
  }
  return { state, sample, server: () => state.status().roles.find(({ role }) => role === 'server')! }
}

test('the forecast is for the whole cgroup, and counts from the newest round whether it is judged yet or not', () => {
  // 100 MiB and others of 150: with 2 MiB a round 400 MiB are met in round 75.
  const { server, sample, state } = growing({ rounds: 40, limitMib: 400, othersMib: 150 })
  const before = server().forecast!
  expect(40 + before.rounds.estimate).toBeGreaterThan(74)
  expect(40 + before.rounds.estimate).toBeLessThan(76)
  sample(40)
  const after = server().forecast!
  expect(Math.abs(after.rounds.estimate - before.rounds.estimate)).toBeLessThan(0.5)
  expect(Math.abs(after.ms!.estimate - before.ms!.estimate)).toBeLessThan(500)
  expect(state.status().limit).toMatchObject({ bytes: 400 * MIB, usedBytes: expect.any(Number) })
})

test('what others use counts as it is at the end of a round, also between two samples', () => {
  const { server } = growing({ rounds: 40, limitMib: 400, othersMib: 150, isSampledOnce: true })
  const { estimate } = server().forecast!.rounds
  expect(40 + estimate).toBeGreaterThan(74)
  expect(40 + estimate).toBeLessThan(76)
})

test('pages that are charged elsewhere do not count against the limit', () => {
  const { server } = growing({ rounds: 40, limitMib: 250, othersMib: -30 })
  expect(40 + server().forecast!.rounds.estimate).toBeGreaterThan(89)
  expect(40 + server().forecast!.rounds.estimate).toBeLessThan(91)
})

test('processes without a role are those of the role that their rounds name', () => {
  const state = new LiveState({ command: ['job'], startedMs: 0, limit: null, windowMs: 1e9 })
  const process = {
    pid: 7,
    role: 'process',
    name: 'job.py',
    rssBytes: MIB,
    peakBytes: null,
    peakKind: 'exact' as const,
  }
  state.addSample(1, [process])
  const memory = { rssBytes: MIB, rssAnonBytes: 0, rssFileBytes: 0, rssShmemBytes: 0 }
  const rest = { peakBytes: MIB, peakKind: 'exact' as const, work: null, cleanup: null, accuracy: null }
  const times = { round: 1, startedMs: 1, endedMs: 2 }
  state.addRounds([{ role: 'server', name: 'main', pid: 7, ...times, end: memory, ...rest }])
  expect(state.status().roles).toMatchObject([
    { role: 'server', rssBytes: MIB, rounds: 1, processes: [{ pid: 7, name: 'main' }] },
  ])
})
