import { expect, test } from 'vitest'
import { leakOf, seriesOf } from '../../../bench/verdict/live-series.js'
import { MIB } from '../../../src/shared/units.js'
import { sentenceOf } from '../../../src/verdict/live/verdict-sentence.js'
import { VerdictSoFar } from '../../../src/verdict/live/verdict-so-far.js'

/** The states that were reached, with the round of each. */
function statesOf(bytes: readonly number[], options: { limitBytes?: number; restartAt?: number } = {}) {
  const verdict = new VerdictSoFar({ tolerance: undefined, unit: 'round' })
  if (options.limitBytes !== undefined) verdict.setLimit({ bytes: options.limitBytes, name: 'the limit of the cgroup' })
  const reached: string[] = []
  for (const [i, value] of bytes.entries()) {
    const before = verdict.state
    verdict.add({
      round: i + 1,
      timeMs: 2000 * (i + 1),
      bytes: value,
      usedBytes: null,
      peakAboveBytes: 10 * MIB,
      isRestart: options.restartAt === i + 1,
    })
    if (verdict.state !== before) reached.push(verdict.state)
  }
  return { reached, verdict }
}

test('a leak is reported to grow, once, with its rate and when the limit is met', () => {
  const { reached, verdict } = statesOf(leakOf(0.5, 7, 120), { limitBytes: 300 * MIB })
  expect(reached).toEqual(['undecided', 'grows'])
  const { sentence, evidence } = verdict.verdict()
  expect(sentence).toMatch(/^grows, established at round \d+: by \d+\.\d KiB a round \(95 % interval .* to .*\)$/)
  expect(evidence).toBeGreaterThan(100)
  const rate = verdict.rate()!
  expect(rate.low).toBeLessThan(0.75 * MIB)
  expect(rate.high).toBeGreaterThan(0.75 * MIB)
  // 100 MiB and 0.75 MiB a round: the peaks, 10 MiB higher, meet 300 MiB in round 253.
  const { rounds, ms } = verdict.forecast()!
  expect(120 + rounds.low).toBeLessThan(253)
  expect(120 + rounds.high!).toBeGreaterThan(253)
  expect(ms!.estimate).toBeCloseTo(2000 * rounds.estimate, 3)
})

test('the limit is met by all that counts against it, also where the role itself is level', () => {
  const forecastOf = (name: 'the limit of the cgroup' | 'the memory of the machine', othersGrow: number) => {
    const verdict = new VerdictSoFar({ tolerance: undefined, unit: 'round' })
    verdict.setLimit({ bytes: 1000 * MIB, name })
    for (let i = 0; i < 60; i++) {
      const bytes = (300 + ((7 * i) % 5)) * MIB
      const usedBytes = bytes + 200 * MIB + othersGrow * i
      verdict.add({ round: i + 1, timeMs: 1000 * i, bytes, usedBytes, peakAboveBytes: 0, isRestart: false })
    }
    return verdict.forecast()
  }
  // 300 MiB of its own and 200 of others in round 1, and 4 MiB a round more: 1000 MiB in round 126.
  const { rounds } = forecastOf('the limit of the cgroup', 4 * MIB)!
  expect(60 + rounds.estimate).toBeGreaterThan(123)
  expect(60 + rounds.estimate).toBeLessThan(127)
  expect(forecastOf('the limit of the cgroup', 0)).toBeNull()
  expect(forecastOf('the memory of the machine', 4 * MIB)).toBeNull()
})

test('a series that stays is level, and growth that begins later takes that back with the reason', () => {
  const level = seriesOf('AR(1)', 3, 150).bytes
  const grows = leakOf(0.5, 9, 150).map((bytes) => bytes + 200 * MIB)
  expect(statesOf(level).reached).toEqual(['undecided', 'level'])
  const { reached, verdict } = statesOf([...level, ...grows])
  expect(reached).toEqual(['undecided', 'level', 'no longer level'])
  expect(verdict.verdict().sentence).toMatch(/^no longer level: since round \d+ it grows, by /)
})

test('growth that ends is taken back with the reason', () => {
  const grows = leakOf(0.5, 3, 100)
  const level = leakOf(0, 4, 150).map((bytes) => bytes + 75 * MIB)
  const { reached, verdict } = statesOf([...grows, ...level])
  expect(reached).toEqual(['undecided', 'grows', 'no longer grows'])
  expect(verdict.verdict().reason).toMatch(/^since round \d+ it is level at about \d+\.\d MiB/)
})

test('growth of a process that is replaced is taken back at once', () => {
  const { reached, verdict } = statesOf([...leakOf(0.5, 3, 100), ...leakOf(0.5, 4, 10)], { restartAt: 101 })
  expect(reached).toEqual(['undecided', 'grows', 'no longer grows'])
  expect(verdict.verdict().reason).toContain('replaced before round 101')
})

test('a warm-up is not growth, and what is level after it is level', () => {
  const warm = seriesOf('AR(1)', 5, 200).bytes.map((bytes, t) => bytes - 150 * MIB * Math.exp(-t / 8))
  expect(statesOf(warm).reached).toEqual(['undecided', 'level'])
})

test('growth that is certain and has come to little is not called so yet', () => {
  // 4 KiB a round without noise on 400 MiB: certain by round 30, and 0.03 % of the level by then.
  const slow = Array.from({ length: 60 }, (_, t) => 400 * MIB + 4096 * t)
  expect(statesOf(slow).reached).not.toContain('grows')
})

test('memory that grows by rare steps is not level between them', () => {
  const stairs = Array.from({ length: 200 }, (_, t) => (100 + 40 * Math.floor((t + 10) / 25)) * MIB + (t % 3) * 1000)
  expect(statesOf(stairs).reached).not.toContain('level')
})

test('one round and one window are written as one', () => {
  const facts = { state: 'undecided', rounds: 1, sinceRound: null, reason: null, said: null, fewest: 1 } as const
  expect(sentenceOf({ ...facts, unit: 'window' })).toBe('undecided after 1 window')
  expect(sentenceOf({ ...facts, unit: 'round', rounds: 2 })).toBe('undecided after 2 rounds')
})
