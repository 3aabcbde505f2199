import { describe, expect, test } from 'vitest'
import { type SimulatedRun, simulatedRun } from '../../bench/gate/simulated-runs.js'
import { gateOptions } from '../../src/options/gate.js'
import { defaultValues } from '../../src/options/types/spec.js'
import { type GateResult, verdictOf } from '../../src/report/ci/gate-result.js'
import { MIB } from '../../src/shared/units.js'
import { type GateCheck, gate, settingsOfOneSide } from '../../src/verdict/gate/gate.js'
import { type GatedNumbers, gatedNumbers } from '../../src/verdict/gate/gated-numbers.js'

const { allowPeak: peak, allowFloor: floor, allowSlope: slope } = defaultValues(gateOptions)
const ALLOWED = { peak, floor, slope }
const JOB: SimulatedRun = { seed: 7, settings: 1, trials: 5, rounds: 20, spread: 0.01 }

/** How many of 100 simulated CI runs alarm, each against the same stored baseline. The goals at large: bench/gate/gate.ts. */
function alarmsInHundred(change: Partial<SimulatedRun>): number {
  const stored = gatedNumbers(simulatedRun(JOB))
  const runs = Array.from({ length: 100 }, (_, run) =>
    gatedNumbers(simulatedRun({ ...JOB, ...change, seed: 100 + run })),
  )
  return runs.filter((now) => gate(stored, now, ALLOWED).some(({ state }) => state === 'regressed')).length
}

describe('a gate with 5 trials at 1 % spread, over 100 simulated CI runs', () => {
  test('alarms at most twice where nothing changed', () => {
    expect(alarmsInHundred({})).toBeLessThanOrEqual(2)
  })

  test('catches a peak that is 5 % higher in at least 95', () => {
    expect(alarmsInHundred({ peakFactor: 1.05 })).toBeGreaterThanOrEqual(95)
  })

  test('catches a leak of 1 MiB a round in at least 95', () => {
    expect(alarmsInHundred({ leakBytes: MIB })).toBeGreaterThanOrEqual(95)
  })
})

const steady: GatedNumbers = {
  label: 'gc=1',
  values: { gc: 1 },
  peakBytes: [100, 101, 99, 100].map((value) => value * MIB),
  hasSampledPeaks: false,
  floorBytes: [80, 80.5, 79.5, 80].map((value) => value * MIB),
  slopeBytesPerRound: [0, 0.01, -0.01, 0].map((value) => value * MIB),
}

function peakCheck(after: Partial<GatedNumbers>, allowed = ALLOWED): GateCheck {
  return gate([steady], [{ ...steady, ...after }], allowed)[0]!
}

describe('one check', () => {
  test('a rise that is beyond chance and larger than allowed is a regression', () => {
    const check = peakCheck({ peakBytes: [110, 111, 109, 110].map((value) => value * MIB) })
    expect(check).toMatchObject({ setting: 'gc=1', quantity: 'peak', state: 'regressed', change: 10 * MIB })
    expect(check.allowed).toBeCloseTo(3 * MIB)
    expect(check.interval!.low).toBeGreaterThan(8 * MIB)
  })

  test('the same rise is fine where it is allowed', () => {
    const after = { peakBytes: [110, 111, 109, 110].map((value) => value * MIB) }
    expect(peakCheck(after, { ...ALLOWED, peak: { bytes: 12 * MIB } }).state).toBe('ok')
  })

  test('a rise that may be chance is unclear, with the trials that would tell', () => {
    const check = peakCheck({ peakBytes: [97, 113, 98, 112].map((value) => value * MIB) })
    expect(check.state).toBe('unclear')
    expect(check.trialsToSeeAllowed).toBeGreaterThan(20)
  })

  test('a fall is an improvement and no alarm', () => {
    expect(peakCheck({ peakBytes: [90, 91, 89, 90].map((value) => value * MIB) }).state).toBe('improved')
  })

  test('three trials decide nothing', () => {
    expect(peakCheck({ peakBytes: [110, 111, 109].map((value) => value * MIB) }).state).toBe('too few trials')
  })

  test('an exact peak is not held against a sampled one', () => {
    expect(peakCheck({ hasSampledPeaks: true })).toMatchObject({ state: 'not compared', change: null })
  })

  test('what has peaks of different kinds has not passed', () => {
    const checks = gate([steady], [{ ...steady, hasSampledPeaks: true }], ALLOWED)
    expect(verdictOf({ checks, failedTrials: [] } as unknown as GateResult)).toBe('inconclusive')
    const unmeasured = gate([{ ...steady, slopeBytesPerRound: [] }], [steady], ALLOWED)
    expect(verdictOf({ checks: unmeasured, failedTrials: [] } as unknown as GateResult)).toBe('passed')
  })

  test('the growth that is allowed is a share of the floor, also where there was none before', () => {
    const slopes = [0.2, 0.21, 0.19, 0.2].map((value) => value * MIB)
    const check = gate([steady], [{ ...steady, slopeBytesPerRound: slopes }], ALLOWED)[2]!
    expect(check).toMatchObject({ quantity: 'slope', state: 'regressed' })
    expect(check.allowed).toBeCloseTo(0.04 * MIB)
  })

  test('p-values are adjusted for all checks of the comparison', () => {
    const risen = { ...steady, peakBytes: [106, 108, 104, 105].map((value) => value * MIB) }
    const alone = gate([steady], [risen], ALLOWED)[0]!
    const labels = Array.from({ length: 10 }, (_, i) => `gc=${i}`)
    const among = gate(
      labels.map((label) => ({ ...steady, label })),
      labels.map((label) => ({ ...(label === 'gc=1' ? risen : steady), label })),
      ALLOWED,
    ).find(({ setting }) => setting === 'gc=1')!
    expect(among.pValue! / alone.pValue!).toBeCloseTo(10)
  })
})

test('settings of one side alone are named and not checked', () => {
  const added = { ...steady, label: 'gc=2' }
  expect(settingsOfOneSide([steady], [added])).toEqual({ added: ['gc=2'], gone: ['gc=1'] })
  expect(gate([steady], [added], ALLOWED)).toEqual([])
})

test('a trial that lost the exact peak of a round keeps those of the others, and one of samples has none', () => {
  const run = simulatedRun({ seed: 7, settings: 1, trials: 4, rounds: 20, spread: 0.01 })
  const sampledIn = (isSampled: (trial: number, round: number) => boolean) => ({
    ...run,
    trials: run.trials.map((trial) => ({
      ...trial,
      rounds: trial.rounds.map((round) => ({
        ...round,
        peakKind: isSampled(trial.trial, round.round) ? ('sampled' as const) : ('exact' as const),
      })),
    })),
  })
  const [exact] = gatedNumbers(run)
  expect(gatedNumbers(sampledIn((_, round) => round === 20))).toEqual([exact])
  expect(gatedNumbers(sampledIn((trial, round) => trial === 2 && round > 5))[0]).toMatchObject({
    hasSampledPeaks: true,
  })
})
