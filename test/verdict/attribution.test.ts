import { describe, expect, it } from 'vitest'
import { MIB } from '../../src/shared/units.js'
import { type AttributionInput, attribute } from '../../src/verdict/attribution.js'
import { judgeExpectation } from '../../src/verdict/gate/expectation.js'
import type { Analysis } from '../../src/verdict/shape/analysis.js'
import { analyzeRounds } from '../../src/verdict/shape/analyze-rounds.js'
import { randomDraws } from '../statistics/random-draws.js'

const parts = (live: number, garbage: number, retained: number) => ({
  rssBytes: (live + garbage + retained) * MIB,
  liveBytes: live * MIB,
  garbageBytes: garbage * MIB,
  retainedBytes: retained * MIB,
})

const input = (over: Partial<AttributionInput>): AttributionInput => ({
  ends: [parts(70, 40, 15), parts(71, 42, 17)],
  rounds: 40,
  probes: [],
  baseBytes: 53 * MIB,
  modelBytes: 3 * MIB,
  gcRounds: 0,
  analysis: { shape: 'grows', floorShape: null },
  ...over,
})

describe('attribution', () => {
  it('takes means, so that the parts add up to the RSS before', () => {
    const { end, liveAboveBaseBytes } = attribute(input({}))!
    expect(end).toEqual(parts(70.5, 41, 16))
    expect(end.liveBytes + end.garbageBytes! + end.retainedBytes).toBe(end.rssBytes)
    expect(liveAboveBaseBytes).toBe(14.5 * MIB)
  })

  it('names the part that most of it is by its size alone, where nothing was probed on the way', () => {
    expect(attribute(input({}))).toMatchObject({ cause: 'garbage', evidence: 'size' })
    expect(attribute(input({ ends: [parts(70, 20, 20)] }))).toMatchObject({ cause: null })
    expect(attribute(input({ ends: [parts(60, 5, 40)] }))).toMatchObject({ cause: 'retained' })
    expect(attribute(input({ ends: [parts(160, 5, 4)] }))).toMatchObject({ cause: 'live' })
  })

  it('calls live what grows in spite of cleanups', () => {
    expect(attribute(input({ gcRounds: 1 }))).toMatchObject({ cause: 'live', evidence: 'cleanup' })
  })

  it('asks for forty rounds before it calls live memory that grows a leak', () => {
    expect(attribute(input({ gcRounds: 1, rounds: 20 }))).toMatchObject({ cause: 'live', needsRounds: 40 })
    expect(attribute(input({ gcRounds: 1 }))).toMatchObject({ cause: 'live', needsRounds: null })
    expect(attribute(input({ rounds: 20 }))).toMatchObject({ cause: 'garbage', needsRounds: null })
  })

  it('puts no cause to what does not grow, and says nothing without a probe', () => {
    expect(attribute(input({ analysis: { shape: 'stable', floorShape: null } }))).toMatchObject({ cause: null })
    expect(attribute(input({ ends: [] }))).toBeUndefined()
  })

  const draws = randomDraws(17)
  /** Four trials of 40 rounds, probed every fifth. */
  const probed = (live: (round: number) => number, garbage: number, retained: number) =>
    Array.from({ length: 4 }, () =>
      Array.from({ length: 8 }, (_, i) => {
        const round = 5 * (i + 1)
        const noise = () => 0.2 * draws.normal()
        return { round, ...parts(live(round) + noise(), garbage + noise(), retained + noise()) }
      }),
    )
  const ends = (live: number, garbage: number, retained: number) =>
    Array.from({ length: 4 }, () => parts(live + 0.2 * draws.normal(), garbage + 0.2 * draws.normal(), retained))

  it.each([
    ['live', (round: number) => 60 + 0.5 * round, ends(80, 5, 5), 0.5],
    ['garbage', () => 60, ends(60, 25, 5), 20 / 35],
    ['retained', () => 60, ends(60, 5, 33), 28 / 35],
  ] as const)('finds by probes that %s grows, and how fast', (part, live, atEnd, mibPerRound) => {
    const found = attribute(input({ ends: atEnd, probes: probed(live, 5, 5) }))!
    expect(found).toMatchObject({ cause: part, evidence: 'probes' })
    const { estimate, low, high } = found.growth![part].bytesPerRound!
    expect(estimate / MIB).toBeCloseTo(mibPerRound, 1)
    expect(low).toBeLessThan(estimate)
    expect(high).toBeGreaterThan(estimate)
  })

  it('from outside tells retained memory that grows from the rest, which is live or garbage', () => {
    const unseen = <T extends object>(all: readonly T[]) => all.map((one) => ({ ...one, garbageBytes: null }))
    const outside = (live: (round: number) => number, atEnd: ReturnType<typeof ends>) =>
      attribute(input({ ends: unseen(atEnd), probes: probed(live, 0, 5).map(unseen) }))!
    const rest = outside((round) => 60 + 0.5 * round, ends(80, 0, 5))
    expect(rest).toMatchObject({ cause: 'live', evidence: 'probes', growth: { garbage: { isJudged: false } } })
    expect(outside(() => 60, ends(60, 0, 33))).toMatchObject({ cause: 'retained', evidence: 'probes' })
  })

  it('goes by size where there were too few trials to judge the growth of a part', () => {
    const [one] = probed(() => 60, 5, 5)
    expect(attribute(input({ probes: [one!] }))).toMatchObject({ cause: 'garbage', evidence: 'size' })
  })

  it('finds by probes that nothing grows', () => {
    const found = attribute(input({ ends: ends(60, 5, 5), probes: probed(() => 60, 5, 5) }))!
    expect(found).toMatchObject({ cause: null, evidence: null })
  })
})

describe('an expectation', () => {
  const draws = randomDraws(19)
  const series = (slope: number, rounds = 40) =>
    Array.from({ length: 4 }, () =>
      Array.from({ length: rounds }, (_, i) => (100 + slope * i + 0.3 * draws.normal()) * MIB),
    )

  it('is met by its shape, and not by another', () => {
    expect(judgeExpectation([['stable']], analyzeRounds(series(0), { gcRounds: 0 })).state).toBe('met')
    expect(judgeExpectation([['stable', 'settling']], analyzeRounds(series(1), { gcRounds: 0 })).state).toBe('not met')
    expect(judgeExpectation([['grows'], ['stable']], analyzeRounds(series(1), { gcRounds: 0 })).state).toBe('not met')
  })

  it('that growth was expected is met by a saw-tooth over a floor that grows', () => {
    const sawtooth = { shape: 'sawtooth', floorShape: 'grows' } as Analysis
    expect(judgeExpectation([['grows', 'settling']], sawtooth).state).toBe('met')
    expect(judgeExpectation([['grows']], { ...sawtooth, floorShape: 'stable' }).state).toBe('not met')
  })

  it('cannot be decided of too few rounds, and of no trial', () => {
    expect(judgeExpectation([['stable']], analyzeRounds(series(0, 4), { gcRounds: 0 })).state).toBe('undecided')
    expect(judgeExpectation([['stable']], undefined).state).toBe('undecided')
  })

  it('of a level is met by a slope within the floor, whichever of the two shapes it is', () => {
    const slope = { estimate: 0, low: -1, high: 1 }
    const analysis = {
      shape: 'inconclusive',
      now: { trend: 'level', bytesPerRound: 0, low: -1, high: 1, from: 1 },
      possible: [] as Analysis['possible'],
      slopeBytesPerRound: slope,
      toleranceBytes: 2,
      trials: 4,
    } as Analysis
    expect(judgeExpectation([['stable', 'settling']], analysis).state).toBe('met')
    expect(judgeExpectation([['stable']], analysis).state).toBe('undecided')
  })
})
