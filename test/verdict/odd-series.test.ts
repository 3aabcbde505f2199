/** Series that are easy to get wrong, each with what a careful reader says; made by rule, so that each says what it is about. */
import { describe, expect, it } from 'vitest'
import { analyzeRounds } from '../../src/verdict/shape/analyze-rounds.js'
import { randomDraws } from '../statistics/random-draws.js'

const MIB = 2 ** 20

/** A level of 600 MiB with noise of 1 MiB, changed round by round. */
function series(length: number, seed: number, change: (t: number) => number): number[] {
  const { normal } = randomDraws(seed)
  return Array.from({ length }, (_, t) => (600 + normal() + change(t)) * MIB)
}

describe('a careful reader says of', () => {
  it('growth that the last two rounds give back, as in an NVFlare server: open; of one such round: growth', () => {
    const nvflare = [
      ...[389.5, 403.4, 405.1, 406.7, 408.3, 409.9, 411.4, 413, 414.4, 415.9],
      ...[417.4, 418.9, 420.5, 422.1, 423.4, 425.8, 427.3, 432.8, 418.3, 394.4],
    ]
    const given = (mib: number[]) => analyzeRounds(mib.map((value) => value * MIB))
    expect(given(nvflare)).toMatchObject({ shape: 'inconclusive', possible: ['grows', 'sawtooth'] })
    expect(given(nvflare).reason).toMatch(/^Rose by 1\.8 MiB a round .*, and gave most of it back in the last rounds/)
    expect(given(nvflare.slice(0, 18)).shape).toBe('grows')
    const climb = Array.from({ length: 30 }, (_, round) => 400 + 2 * round)
    expect(given([...climb.slice(0, 29), 402]).shape).toBe('grows')
    expect(given([...climb.slice(0, 28), 400, 402]).shape).toBe('inconclusive')
  })

  it('a level after a single low first round: settled from round 2 on, and with a slightly low one: stable', () => {
    const low = analyzeRounds(series(40, 1, (t) => (t === 0 ? -300 : 0)))
    expect(low).toMatchObject({ shape: 'settling', settledAtRound: 2, timeConstantRounds: null })
    expect(low.asymptoteBytes! / MIB).toBeCloseTo(600, -1)
    expect(low.reason).toMatch(/^Settles at 6\d\d\.\d MiB|^Settles at 59\d\.\d MiB/)
    expect(low.reason).toContain('after 1 low first round')
    expect(analyzeRounds(series(40, 2, (t) => (t === 0 ? -9 : 0))).shape).toBe('stable')
  })

  it('a slow warm-up behind a low first round: settles, or not watched for long enough; a leak behind one: grows', () => {
    const jit = (seed: number, leakPerRound: number, rounds: number) => {
      const { normal } = randomDraws(seed)
      const mib = (t: number) => (t === 0 ? 64.5 : 68.3 - 1.6 * Math.exp(-t / 8) + leakPerRound * t)
      return Array.from({ length: 4 }, () => Array.from({ length: rounds }, (_, t) => (mib(t) + 0.05 * normal()) * MIB))
    }
    expect(analyzeRounds(jit(7, 0, 30)).shape).toBe('settling')
    expect(analyzeRounds(jit(8, 0, 14)).shape).not.toBe('grows')
    expect(analyzeRounds(jit(9, 0.3, 30))).toMatchObject({ shape: 'grows' })
  })

  it('shifts of some trials: those that are as small as noise in the others are not named', () => {
    const rest = (mib: number, count: number) => Array.from({ length: count }, (_, round) => mib + 0.04 * (round % 2))
    const flower = [
      [971, 1172, 1272, ...rest(1372, 16)],
      [871, 1072, 1072, ...rest(1172, 10), ...rest(1272, 6)],
      [971, 1171, 1172, 1172, ...rest(1272, 15)],
    ]
    const { shape, steps, toleranceBytes } = analyzeRounds(
      flower.map((mib) => mib.map((value) => value * MIB)),
      { gcRounds: 1 },
    )
    expect(shape).toBe('staircase')
    expect(steps.length).toBeGreaterThan(2)
    expect(steps.filter(({ bytes }) => Math.abs(bytes) < toleranceBytes!)).toEqual([])
  })

  it('a climb over the first three rounds: a warm-up and no staircase; of a level after four low rounds: a step', () => {
    const climb = [-300, -200, -100]
    expect(analyzeRounds(series(36, 3, (t) => climb[t] ?? 0)).shape).toBe('settling')
    expect(analyzeRounds(series(36, 4, (t) => (t < 4 ? -100 : 0))).shape).toBe('staircase')
  })

  it.each([2, 3, 7])('a cleanup every %d rounds that runs one round later than was set: a saw-tooth', (period) => {
    const found = analyzeRounds(
      series(48, 5, (t) => (20 * ((t + period) % period)) / (period - 1)),
      { gcRounds: period },
    )
    expect(found).toMatchObject({ shape: 'sawtooth', period })
    expect(found.amplitudeBytes! / MIB).toBeCloseTo(20, -1)
  })

  it('pages that come and go: stable, whatever their rhythm', () => {
    const page = Array.from({ length: 24 }, (_, t) => 434 * MIB + (t % 3 === 0 ? 0 : 4096))
    expect(analyzeRounds(page).shape).toBe('stable')
  })

  it('twenty levels with a cleanup every fifth round that changes nothing: at most one saw-tooth', () => {
    const found = Array.from({ length: 20 }, (_, i) =>
      analyzeRounds(
        series(40, 100 + i, () => 0),
        { gcRounds: 5 },
      ),
    )
    expect(found.filter(({ shape }) => shape === 'sawtooth').length).toBeLessThanOrEqual(1)
  })

  it('a climb that falls back: not yet at its level, which the sentence says without naming one', () => {
    const found = analyzeRounds(series(30, 6, (t) => -200 * Math.exp(-t / 2) - 3 * Math.max(0, t - 14)))
    expect(found).toMatchObject({ shape: 'falls', settledAtRound: null, asymptoteBytes: null })
    expect(found.reason).toMatch(/falls back|Falls/)
    expect(found.reason).toContain('has not reached its level yet')
  })

  it('no change at all, or zero in every round: stable', () => {
    expect(analyzeRounds(new Array(20).fill(64 * MIB))).toMatchObject({ shape: 'stable' })
    expect(analyzeRounds(new Array(20).fill(0)).shape).toBe('stable')
  })

  it.each([1 / 3, 0.5, 1])('a warm-up whose time constant is %d of the job: no growth', (share) => {
    const found = Array.from({ length: 8 }, (_, i) =>
      analyzeRounds(series(36, 200 + i, (t) => -60 * Math.exp(-t / (36 * share)))),
    )
    expect(found.map(({ shape }) => shape)).not.toContain('grows')
  })

  it('a warm-up that goes over into a leak: growth, all the same', () => {
    const found = Array.from({ length: 8 }, (_, i) =>
      analyzeRounds(series(36, 300 + i, (t) => -60 * Math.exp(-t / 3) + 1.2 * t)),
    )
    expect(new Set(found.map(({ shape }) => shape))).toEqual(new Set(['grows']))
  })

  it('a level that is certain to creep within the floor: settled, with both said', () => {
    const found = analyzeRounds(series(60, 7, (t) => -300 * Math.exp(-t / 2) + 0.2 * t))
    expect(found.shape).toBe('settling')
    expect(found.reason).toMatch(/after that the slope, .*, lies within the tolerance of/)
  })
})

describe('growth that may have come to its end', () => {
  const server = [681, 977, 1098, 1204, 1307, 1537, 1600, 1661, 1594, 1775, 1768, 1956]
  const longer = [...server, 1871, 1990, 1902, 2055, 1938, 2021, 2090, 1982, 2130, 2064]
  const judged = (mib: readonly number[]) =>
    analyzeRounds(
      mib.map((value) => value * MIB),
      { limitBytes: 8192 * MIB },
    )

  it('meets a limit in so many rounds, or never', () => {
    const { limit, reason } = judged(longer)
    expect(limit!.rounds!.low).toBeGreaterThan(0)
    expect(limit!.rounds!.high).toBe(Number.POSITIVE_INFINITY)
    expect(reason).toMatch(/in about \d+ rounds \(95 % interval \d+ to never\)/)
  })

  it('is not forecast in words before 20 rounds', () => {
    const { limit, reason } = judged(server)
    expect(limit!.rounds!.high).toBe(Number.POSITIVE_INFINITY)
    expect(reason).not.toContain('the limit of')
  })
})

describe('teeth whose height changes', () => {
  const HEIGHTS = {
    'teeth that grow': (share: number) => 0.5 + share,
    'teeth of a program that warms up': (_: number, round: number) => 1 - 0.6 * Math.exp(-round / 5),
    'teeth of any height': (_: number, __: number, tooth: number) => tooth,
  }

  /** Teeth of 300 MiB on a floor of 400 MiB, of 100 jobs of 12 to 50 rounds with cleanup every 3 to 8. */
  function floorsOf(kind: keyof typeof HEIGHTS, slopeMib: number) {
    return Array.from({ length: 100 }, (_, job) => {
      const { normal, uniform } = randomDraws(job + 1)
      const period = 3 + (job % 6)
      const rounds = Math.max(2 * period + 2, 12 + Math.floor(38 * uniform()))
      let tooth = 1
      const mib = Array.from({ length: rounds }, (_, t) => {
        const place = (t + 1) % period
        if (place === 1) tooth = 0.6 + 0.8 * uniform()
        const height = 300 * HEIGHTS[kind]((t + 1) / rounds, t + 1, tooth)
        const above = place === 0 ? 0 : height * (place / (period - 1)) + 15 * normal()
        return 400 + slopeMib * (t + 1) + 2 * normal() + above
      })
      const endMib = 400 + slopeMib * rounds
      const { floorShape, levelBytes } = analyzeRounds(
        mib.map((value) => value * MIB),
        { gcRounds: period },
      )
      return { floorShape, isNear: Math.abs(levelBytes! / MIB - endMib) < 0.05 * endMib + 3 * slopeMib * period }
    })
  }

  it.each(Object.keys(HEIGHTS) as (keyof typeof HEIGHTS)[])('%s lift no floor, and hide no growth of it', (kind) => {
    const level = floorsOf(kind, 0)
    expect(level.filter(({ floorShape }) => floorShape === 'grows').length).toBeLessThanOrEqual(1)
    expect(level.filter(({ isNear }) => !isNear)).toEqual([])
    const growing = floorsOf(kind, 4)
    expect(growing.filter(({ floorShape }) => floorShape === 'grows').length).toBeGreaterThan(60)
    expect(growing.filter(({ floorShape }) => floorShape === 'stable').length).toBeLessThanOrEqual(1)
    expect(growing.filter(({ isNear }) => !isNear).length).toBeLessThanOrEqual(2)
  })
})
