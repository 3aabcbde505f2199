import { describe, expect, test } from 'vitest'
import { changesFromDefaults, chooseSetting } from '../../src/verdict/choose-setting.js'
import { seededRandom } from '../../src/verdict/difference/compare-settings.js'
import type { SettingSummary, Spread } from '../../src/verdict/difference/setting-summary.js'

const MIB = 2 ** 20

function spread(values: number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2
  return { median: middle, low: sorted[0]!, high: sorted.at(-1)!, values }
}

function summary(
  label: string,
  of: { peak: number[]; end?: number[]; ms?: number[]; failed?: number },
): SettingSummary {
  const bytes = (values: number[] | undefined) => (values === undefined ? null : spread(values.map((one) => one * MIB)))
  return {
    label,
    trials: of.peak.length,
    failedTrials: of.failed ?? 0,
    initialRssBytes: null,
    peakBytes: bytes(of.peak),
    hasSampledPeaks: false,
    endRssBytes: bytes(of.end ?? of.peak),
    increaseBytes: null,
    floorBytes: null,
    cleanupMsPerRound: null,
    roundMs: of.ms === undefined ? null : spread(of.ms),
    accuracy: null,
  }
}

const near = (value: number) => [value - 1, value + 1, value - 0.5, value + 0.5]
const changes = new Map([
  ['gc=0', 0],
  ['gc=5', 1],
  ['gc=1', 1],
  ['gc=1 arena=4', 2],
])

describe('the order of the criteria', () => {
  test('the limit comes before everything', () => {
    const choice = chooseSetting(
      [summary('gc=0', { peak: near(105), ms: near(100) }), summary('gc=1', { peak: near(77), ms: near(300) })],
      { limitBytes: 90 * MIB, changes },
    )
    expect(choice).toMatchObject({ label: 'gc=1', decidedBy: 'limit', isUnderLimit: true })
  })

  test('where none stays under the limit the lowest peak is chosen, and is reported as above it', () => {
    const choice = chooseSetting([summary('gc=0', { peak: near(105) }), summary('gc=1', { peak: near(77) })], {
      limitBytes: 50 * MIB,
      changes,
    })
    expect(choice).toMatchObject({ label: 'gc=1', decidedBy: 'peak', isUnderLimit: false })
  })

  test('a lower peak counts for more than a lower end RSS, and that for more than time', () => {
    const gc0 = summary('gc=0', { peak: near(105), end: near(101), ms: near(100) })
    const gc5 = summary('gc=5', { peak: near(100), end: near(65), ms: near(103) })
    const gc1 = summary('gc=1', { peak: near(77), end: near(66), ms: near(130) })
    expect(chooseSetting([gc0, gc5, gc1], { limitBytes: null, changes })).toMatchObject({
      label: 'gc=1',
      decidedBy: 'peak',
    })
    const same = summary('gc=5', { peak: near(104.5), end: near(65), ms: near(130) })
    expect(chooseSetting([gc0, same], { limitBytes: null, changes })).toMatchObject({
      label: 'gc=5',
      decidedBy: 'end RSS',
    })
    const slow = summary('gc=5', { peak: near(104.5), end: near(101), ms: near(130) })
    expect(chooseSetting([slow, gc0], { limitBytes: null, changes })).toMatchObject({
      label: 'gc=0',
      decidedBy: 'round time',
    })
  })

  test('a tie goes to the fewest changes, however the medians lie', () => {
    const [unset, four] = ['gc=1', 'gc=1 arena=4']
    for (const [a, b] of [
      [77, 76.8],
      [76.8, 77],
    ] as const) {
      const choice = chooseSetting([summary(four, { peak: near(b) }), summary(unset, { peak: near(a) })], {
        limitBytes: null,
        changes,
      })
      expect(choice).toMatchObject({ label: 'gc=1', decidedBy: 'fewest changes' })
    }
  })

  test('a certain difference of less than 5 % is of no consequence', () => {
    const exact = (value: number) => [value, value + 0.01, value - 0.01, value]
    const choice = chooseSetting([summary('gc=0', { peak: exact(100) }), summary('gc=1', { peak: exact(96) })], {
      limitBytes: null,
      changes,
    })
    expect(choice).toMatchObject({ label: 'gc=0', decidedBy: 'fewest changes' })
  })
})

describe('what cannot be chosen', () => {
  test('one setting, or too few trials', () => {
    const one = chooseSetting([summary('gc=0', { peak: near(1) })], { limitBytes: null, changes })
    const few = chooseSetting([summary('gc=0', { peak: [1, 2, 3] }), summary('gc=1', { peak: [9, 8, 7] })], {
      limitBytes: null,
      changes,
    })
    for (const choice of [one, few]) expect(choice).toMatchObject({ label: null, decidedBy: null })
  })

  test('a setting with a failed trial, while others have none', () => {
    const choice = chooseSetting(
      [
        summary('gc=0', { peak: near(105) }),
        summary('gc=5', { peak: near(100) }),
        summary('gc=1', { peak: near(50), failed: 1 }),
      ],
      { limitBytes: null, changes },
    )
    expect(choice.label).toBe('gc=5')
  })
})

describe('whether another trial may change the choice', () => {
  test('it may where a rival could still be better by a twentieth, and not where it could not', () => {
    const wide = [60, 95, 70, 92]
    const open = chooseSetting([summary('gc=0', { peak: near(78) }), summary('gc=1', { peak: wide })], {
      limitBytes: null,
      changes,
    })
    expect(open).toMatchObject({ label: 'gc=0', open: ['gc=1'] })
    const closed = chooseSetting([summary('gc=0', { peak: near(78) }), summary('gc=1', { peak: near(77.5) })], {
      limitBytes: null,
      changes,
    })
    expect(closed).toMatchObject({ label: 'gc=0', open: [] })
  })
})

test('a value counts as a change where it differs from the first setting, and unset is the same as none', () => {
  const of = changesFromDefaults([
    { label: 'a', values: { serverMemoryGcRounds: 0, arenaMax: 'unset' } },
    { label: 'b', values: { serverMemoryGcRounds: 1, arenaMax: 'unset' } },
    { label: 'c', values: { serverMemoryGcRounds: 1, arenaMax: 4 } },
    { label: 'd', values: { serverMemoryGcRounds: 0, MALLOC_CONF: 'x' } },
    { label: 'e', values: { serverMemoryGcRounds: 0, MALLOC_CONF: 'unset' } },
  ])
  expect([...of.values()]).toEqual([0, 1, 2, 1, 0])
})

test('two runs of the same job agree, although neither arenas nor chance are the same twice', () => {
  const random = seededRandom(20)
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const truths = [
    { label: 'gc=0', peak: 105, end: 101, ms: 300 },
    { label: 'gc=0 arena=4', peak: 104.6, end: 101, ms: 301 },
    { label: 'gc=5', peak: 101, end: 65, ms: 303 },
    { label: 'gc=5 arena=4', peak: 100.8, end: 65.2, ms: 303 },
    { label: 'gc=1', peak: 77, end: 65, ms: 314 },
    { label: 'gc=1 arena=4', peak: 76.8, end: 64.9, ms: 314 },
  ]
  const counts = new Map(
    truths.map(({ label }) => [label, (label.startsWith('gc=0') ? 0 : 1) + (label.includes('arena') ? 1 : 0)]),
  )
  const run = () =>
    chooseSetting(
      truths.map(({ label, peak, end, ms }) => {
        const draw = (value: number, share: number) => Array.from({ length: 4 }, () => value * (1 + share * normal()))
        return summary(label, { peak: draw(peak, 0.015), end: draw(end, 0.015), ms: draw(ms, 0.05) })
      }),
      { limitBytes: null, changes: counts },
    ).label
  const runs = Array.from({ length: 400 }, run)
  const agreeing = runs.filter((label) => label === 'gc=1').length / runs.length
  expect(agreeing).toBeGreaterThan(0.97)
})
