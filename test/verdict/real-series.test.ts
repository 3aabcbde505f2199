/**
 * The series of real servers that were measured before Tidemark was written (100 MiB float32, 2 echo clients; MiB at the end
 * of each round), with the verdict that a careful reader gives, and why.
 */
import { describe, expect, it } from 'vitest'
import type { Analysis } from '../../src/verdict/shape/analysis.js'
import { analyzeRounds } from '../../src/verdict/shape/analyze-rounds.js'

const MIB = 2 ** 20

interface RealSeries {
  name: string
  mib: number[]
  gcRounds?: number
  why: string
  verdict: Partial<Analysis>
}

const SERIES: RealSeries[] = [
  {
    name: 'NVFlare FedAvg without cleanup',
    mib: [681, 977, 1098, 1204, 1307, 1537, 1600, 1661, 1594, 1775, 1768, 1956],
    gcRounds: 0,
    why: 'steep at first, then still about 70 MiB a round in the second half, with its highest value at the end',
    verdict: { shape: 'grows' },
  },
  {
    name: 'NVFlare FedAvg with cleanup every fifth round',
    mib: [728, 1077, 1363, 1414, 496, 1029, 1218, 1404, 1445, 735, 1061, 1182],
    gcRounds: 5,
    why: 'falls by hundreds of MiB in rounds 5 and 10 and nowhere else; two floors are too few to tell whether the floor grows',
    verdict: { shape: 'sawtooth', period: 5, floorShape: 'inconclusive' },
  },
  {
    name: 'NVFlare FedAvg with cleanup every fifth round, whose teeth grow at first',
    mib: [613, 768, 1006, 1155, 412, 964, 1031, 1148, 1227, 414, 1049, 1158, 1203, 1506, 416, 1010, 1192, 1466, 1670],
    gcRounds: 5,
    why: 'three floors of 412, 414 and 416: a line through everything between them rises by 27 MiB a round and ends at 677',
    verdict: { shape: 'sawtooth', period: 5, floorShape: 'stable', levelBytes: 414 * MIB },
  },
  {
    name: 'the same after two cleanups',
    mib: [613, 768, 1006, 1155, 412, 964, 1031, 1148, 1227, 414, 1049, 1158, 1203, 1506],
    gcRounds: 5,
    why: 'two floors do not tell a slope, and the one of the teeth is not theirs',
    verdict: { shape: 'sawtooth', floorShape: 'inconclusive', slopeBytesPerRound: null, levelBytes: 413 * MIB },
  },
  {
    name: 'NVFlare FedAvg without cleanup, four arenas',
    mib: [649, 970, 1248, 1329, 1516, 1517, 1518, 1529, 1530, 1521, 1624, 1599],
    gcRounds: 0,
    why: 'level from round 5 to 10, but the last two rounds lie 80 MiB above that level: a step or the next climb',
    verdict: { shape: 'inconclusive' },
  },
  {
    name: 'NVFlare FedAvg, collection without trim',
    mib: [681, 901, 1020, 1023, 1084, 1062, 1031, 1152, 1153, 1167],
    why: 'the climb levels off after three rounds, but the last three are its highest: seven rounds cannot bound what is left of a slope',
    verdict: { shape: 'inconclusive' },
  },
  {
    name: 'NVFlare FedAvg, trim without collection',
    mib: [425, 538, 639, 743, 863, 964, 519, 623, 722],
    why: 'climbs by a model a round and falls once: one fall is not yet a saw-tooth',
    verdict: { shape: 'inconclusive' },
  },
  {
    name: 'NVFlare Cyclic without cleanup',
    mib: [603, 705, 819, 957, 1071, 1257],
    gcRounds: 0,
    why: 'six rounds, each more than 100 MiB above the one before',
    verdict: { shape: 'grows' },
  },
  {
    name: 'NVFlare SCAFFOLD without cleanup',
    mib: [1070, 1835, 2210, 2444],
    gcRounds: 0,
    why: 'four rounds of a warm-up: no verdict is possible',
    verdict: { shape: 'inconclusive' },
  },
  {
    name: 'NVFlare SCAFFOLD with cleanup every round',
    mib: [1053, 1694, 1838, 1061],
    gcRounds: 1,
    why: 'four rounds: no verdict is possible',
    verdict: { shape: 'inconclusive' },
  },
  {
    name: 'Flower FedAvg',
    mib: [657, 871, 885, 894, 931, 882, 885, 891, 891, 921],
    gcRounds: 0,
    why: 'one jump after the first round, then level around 895 MiB: the negative control',
    verdict: { shape: 'settling' },
  },
  {
    name: 'Flower FedAvg with gc and trim every round',
    mib: [629, 812, 887, 823, 672, 768, 828, 805, 846, 816],
    gcRounds: 1,
    why: 'scatters by 70 MiB without direction: ten rounds cannot bound its slope',
    verdict: { shape: 'inconclusive' },
  },
]

describe('a careful reader of real servers says', () => {
  it.each(SERIES)('$name: $verdict.shape, because $why', ({ mib, gcRounds, verdict }) => {
    const found = analyzeRounds(
      mib.map((value) => value * MIB),
      { gcRounds },
    )
    expect(found).toMatchObject(verdict)
  })
})

it('the same values in another order do not grow', () => {
  const shuffled = [1956, 977, 1098, 1594, 1307, 1537, 1775, 681, 1204, 1661, 1768, 1600]
  expect(analyzeRounds(shuffled.map((value) => value * MIB)).shape).not.toBe('grows')
})

it('Flower settles where its values are, and NVFlare every fifth round comes down to its floor', () => {
  const flower = analyzeRounds(SERIES.find(({ name }) => name === 'Flower FedAvg')!.mib.map((value) => value * MIB))
  expect(flower.asymptoteBytes! / MIB).toBeGreaterThan(885)
  expect(flower.asymptoteBytes! / MIB).toBeLessThan(905)
  expect(flower.settledAtRound).toBeLessThanOrEqual(4)
  const everyFifth = analyzeRounds(
    SERIES[1]!.mib.map((value) => value * MIB),
    { gcRounds: 5 },
  )
  expect(everyFifth.amplitudeBytes! / MIB).toBeGreaterThan(600)
  expect(everyFifth.amplitudeBytes! / MIB).toBeLessThan(950)
})

it('teeth that climb above a floor that is level do not lift it: four trials of our own server, with cleanup every fifth round', () => {
  const trials = [
    [
      70.3, 81.3, 92.8, 84.3, 63.8, 75.6, 81.4, 92.8, 98.5, 64.1, 75.5, 86.9, 86.9, 89.8, 64.1, 75.5, 87.0, 87.0, 89.9,
      64.1, 75.5, 87.0, 95.8, 95.8, 64.1, 75.5, 87.0, 96.6, 96.6, 64.1,
    ],
    [
      70.9, 81.5, 84.3, 95.8, 64.2, 75.6, 87.1, 93.4, 93.4, 64.2, 75.6, 87.1, 94.7, 98.6, 64.2, 75.7, 87.2, 78.8, 90.0,
      64.2, 75.7, 87.1, 92.9, 97.7, 64.2, 75.7, 87.1, 96.1, 96.1, 64.2,
    ],
    [
      70.5, 81.3, 92.8, 84.2, 64.0, 75.7, 81.4, 92.9, 84.5, 64.2, 75.6, 87.1, 87.1, 92.8, 64.2, 75.6, 87.1, 87.1, 90.0,
      64.2, 75.6, 87.1, 96.4, 96.4, 64.2, 75.6, 87.1, 92.9, 92.9, 64.2,
    ],
    [
      69.9, 81.5, 93.0, 94.1, 64.3, 75.8, 81.6, 84.5, 95.9, 64.4, 75.8, 87.3, 87.3, 90.1, 64.4, 75.8, 87.3, 87.3, 90.2,
      64.4, 75.8, 87.3, 93.0, 93.0, 64.4, 75.9, 87.3, 96.0, 96.0, 64.4,
    ],
  ].map((mib) => mib.map((value) => value * MIB))
  const found = analyzeRounds(trials, { gcRounds: 5 })
  expect(found, found.reason).toMatchObject({ shape: 'sawtooth', period: 5, floorShape: 'stable' })
  expect(found.levelBytes! / MIB).toBeCloseTo(64.3, 0)
  expect(found.slopeBytesPerRound!.high).toBeLessThan(found.toleranceBytes!)
})
