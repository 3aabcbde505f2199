import { describe, expect, it } from 'vitest'
import type { RoundRecord } from '../../src/recording/recording.js'
import type { TrialResult } from '../../src/results/comparison.js'
import { MIB } from '../../src/shared/units.js'
import { baselinesOf } from '../../src/verdict/difference/baselines.js'
import { compareWithBaselines } from '../../src/verdict/difference/difference.js'
import { summarizeSetting } from '../../src/verdict/difference/setting-summary.js'

describe('the summary of a setting', () => {
  it('takes medians over completed trials and counts the failed ones', () => {
    const trials = [trial([100, 200, 180]), trial([100, 260, 240]), trial([100, 220, 230]), failed([100, 900])]
    const summary = summarizeSetting('gc=0', trials, { judge: 'server' })
    expect(summary).toMatchObject({ trials: 3, failedTrials: 1, hasSampledPeaks: false })
    expect(summary.endRssBytes).toEqual({
      median: 230 * MIB,
      low: 180 * MIB,
      high: 240 * MIB,
      values: [180 * MIB, 240 * MIB, 230 * MIB],
    })
    expect(summary.increaseBytes!.median).toBe(190 * MIB)
    expect(summary.peakBytes!.median).toBe(230 * MIB + 50 * MIB)
    expect(summary.floorBytes!.values).toEqual([180 * MIB, 240 * MIB, 220 * MIB])
    expect(summary.cleanupMsPerRound!.median).toBe(0)
    expect(summary.roundMs!.median).toBe(1000)
    expect(summary.accuracy).toBeNull()
  })

  it('is null, not zero, where nothing was measured', () => {
    const lacking = trial([100, 200])
    const rounds = lacking.rounds.map((round) => ({ ...round, peakBytes: null }))
    const summary = summarizeSetting('gc=0', [{ ...lacking, initialRssBytes: null, rounds }], { judge: 'server' })
    expect(summary).toMatchObject({ trials: 1, initialRssBytes: null, peakBytes: null, increaseBytes: null })
    expect(summarizeSetting('gc=0', [], { judge: 'server' })).toMatchObject({ trials: 0, endRssBytes: null })
    expect(summarizeSetting('gc=0', [lacking], { judge: 'nobody' }).endRssBytes).toBeNull()
  })

  it('lets the peer that went highest stand for a trial', () => {
    const one = trial([100, 200])
    const peers = [...one.rounds, ...trial([100, 300]).rounds.map((round) => ({ ...round, pid: 2 }))]
    expect(summarizeSetting('x', [{ ...one, rounds: peers }], { judge: 'server' }).endRssBytes!.values).toEqual([
      300 * MIB,
    ])
  })
})

describe('a setting against its baseline', () => {
  it('has an interval and a decision from four trials on', () => {
    const [change] = compare([600, 623, 640, 610], [165, 167, 166, 168])
    expect(change!.floor).toMatchObject({ decision: 'lower', delta: -1, change: -450 * MIB })
    expect(change!.floor!.interval!.low).toBeLessThan(-420 * MIB)
    expect(change!.floor!.interval!.high).toBeGreaterThan(-480 * MIB)
    expect(change!.floor!.share).toBeCloseTo(-0.73, 2)
    expect(change!.floor!.interval!.lowShare!).toBeLessThan(-0.73)
    expect(change!.floor!.interval!.highShare!).toBeGreaterThan(-0.73)
  })

  it('decides nothing with three trials, however far apart they are', () => {
    const [change] = compare([600, 623, 640], [165, 167, 166])
    expect(change!.floor).toMatchObject({ decision: 'too few trials', interval: null, pValue: null })
  })

  it('is undecided where the trials overlap', () => {
    const [change] = compare([600, 623, 640, 610], [605, 618, 630, 620])
    expect(change!.floor!.decision).toBe('undecided')
  })

  it('pays for the number of settings (Holm)', () => {
    const base = [600, 623, 640, 610]
    const alone = compare(base, [565, 590, 580, 600])
    const among = compare(base, [565, 590, 580, 600], [600, 620, 640, 610], [601, 622, 640, 610])
    expect(alone[0]!.floor!.decision).toBe('lower')
    expect(among[0]!.floor!.decision).toBe('undecided')
    expect(among[0]!.floor!.interval).toEqual(alone[0]!.floor!.interval)
  })

  it('is null in a quantity that one side lacks', () => {
    const summaries = ['a', 'b'].map((label) => summarizeSetting(label, [], { judge: 'server' }))
    expect(compareWithBaselines(summaries, new Map([['b', 'a']]))).toEqual([
      { label: 'b', baseline: 'a', peak: null, floor: null, end: null, increase: null, roundMs: null },
    ])
  })
})

it('settings are compared one cause at a time', () => {
  const settings = ['unset', 4].flatMap((arenaMax) =>
    [0, 5, 1].map((gc) => ({ label: `${gc}/${arenaMax}`, values: { serverMemoryGcRounds: gc, arenaMax } })),
  )
  expect([...baselinesOf(settings)]).toEqual([
    ['5/unset', '0/unset'],
    ['1/unset', '0/unset'],
    ['0/4', '0/unset'],
    ['5/4', '0/4'],
    ['1/4', '0/4'],
  ])
})

/** Constant series, one a trial, in MiB: the first list is the baseline. */
function compare(...levels: number[][]) {
  const summaries = levels.map((values, i) =>
    summarizeSetting(
      String(i),
      values.map((level) => trial([level, level])),
      { judge: 'server' },
    ),
  )
  return compareWithBaselines(summaries, new Map(levels.slice(1).map((_, i) => [String(i + 1), '0'])))
}

/** A trial whose rounds end at these MiB. */
function trial(endMib: number[]): TrialResult {
  return {
    index: 1,
    setting: 'x',
    trial: 1,
    folder: '',
    state: 'completed',
    reason: null,
    startedMs: 0,
    endedMs: 0,
    rounds: endMib.map((level, i) => round(level * MIB, i + 1)),
    initialRssBytes: 40 * MIB,
    attribution: null,
    warnings: [],
  }
}

function failed(endMib: number[]): TrialResult {
  return { ...trial(endMib), state: 'failed', reason: 'the server was killed' }
}

function round(rssBytes: number, number: number): RoundRecord {
  return {
    role: 'server',
    name: '',
    pid: 1,
    round: number,
    startedMs: number * 1000,
    endedMs: (number + 1) * 1000,
    peakBytes: rssBytes + 50 * MIB,
    peakKind: 'exact',
    work: { rssBytes, rssAnonBytes: rssBytes, rssFileBytes: 0, rssShmemBytes: 0 },
    end: { rssBytes, rssAnonBytes: rssBytes, rssFileBytes: 0, rssShmemBytes: 0 },
    cleanup: null,
    accuracy: null,
  }
}
