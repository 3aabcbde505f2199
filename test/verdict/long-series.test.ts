/** Series of thousands of rounds: judged in blocks, in no time, and with the same verdict. */
import { describe, expect, it } from 'vitest'
import { roundSeries } from '../../src/verdict/series/round-series.js'
import { analyzeRounds } from '../../src/verdict/shape/analyze-rounds.js'
import { decideShape } from '../../src/verdict/shape/decide-shape.js'
import { randomDraws } from '../statistics/random-draws.js'

const MIB = 2 ** 20

/** What is added to a level of 600 MiB, by the share of the series that is over and by the round. */
const MEANS: Record<string, (share: number, t: number) => number> = {
  level: () => 0,
  leak: (share) => 300 * share,
  'warm-up': (share) => -200 * Math.exp(-share * 12),
  'late onset': (share) => Math.max(0, 400 * (share - 0.5)),
  ramp: (share) => 100 * Math.min(share, 0.4),
  acceleration: (share) => 300 * share ** 3,
  fall: (share) => -200 * share,
  steps: (share) => 60 * (Number(share > 0.3) + Number(share > 0.62)),
  teeth: (_, t) => (30 * (t % 7)) / 6,
  'teeth on a leak': (share, t) => (30 * (t % 7)) / 6 + 200 * share,
  spike: (_, t) => (t === 333 ? 600 : 0),
}

function series(of: string, rounds: number): number[] {
  const { normal } = randomDraws(5)
  return Array.from({ length: rounds }, (_, t) => (600 + normal() + MEANS[of]!(t / rounds, t)) * MIB)
}

describe('judged in blocks and round by round', () => {
  it.each(Object.keys(MEANS))('%s has the same verdict', (of) => {
    const trials = [roundSeries(series(of, 1200))]
    const { shape, growth, now } = decideShape(trials, {})
    const each = decideShape(trials, {}, Number.POSITIVE_INFINITY)
    expect({ shape, growth, now: now!.trend }).toEqual({
      shape: each.shape,
      growth: each.growth,
      now: each.now!.trend,
    })
  })
})

describe.each([
  { rounds: 10_000, seconds: 1 },
  { rounds: 100_000, seconds: 5 },
])('$rounds rounds', ({ rounds, seconds }) => {
  it.each(['level', 'leak', 'teeth', 'steps'])(`are judged in ${seconds} s of the processor: %s`, (of) => {
    const values = series(of, rounds)
    const before = process.cpuUsage()
    const { shape, rounds: seen } = analyzeRounds(values)
    const { user, system } = process.cpuUsage(before)
    expect(seen).toBe(rounds)
    expect(shape).toBe({ level: 'stable', leak: 'grows', teeth: 'sawtooth', steps: 'staircase' }[of])
    expect((user + system) / 1e6).toBeLessThanOrEqual(seconds)
  })
})
