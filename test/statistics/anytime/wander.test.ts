import { expect, test } from 'vitest'
import { MIB } from '../../../src/shared/units.js'
import { wanderOf } from '../../../src/statistics/anytime/wander.js'
import { VerdictSoFar } from '../../../src/verdict/live/verdict-so-far.js'
import { randomDraws } from '../random-draws.js'

test('the steps of a walk are found under noise, and a line with noise has none', () => {
  const draw = randomDraws(3)
  const meanOf = (step: number, noise: number) => {
    const found = Array.from({ length: 50 }, () => {
      let at = 0
      const walk = draw.normals(60, step).map((change) => {
        at += 1 + change
        return at
      })
      return wanderOf(walk.map((value) => value + noise * draw.normal()))
    })
    return found.reduce((sum, value) => sum + value, 0) / found.length
  }
  for (const noise of [0, 0.5]) {
    expect(meanOf(0.5, noise)).toBeGreaterThan(0.35)
    expect(meanOf(0.5, noise)).toBeLessThan(0.6)
  }
  expect(meanOf(0, 0.5)).toBeLessThan(0.15)
  expect(wanderOf([1, 2, 3])).toBe(0)
})

test.each([
  [0.25, 0],
  [0.5, 0],
  [0.5, 3],
])('the limit is met within the interval: steps with a spread of %s under noise of %s', (step, noise) => {
  const draw = randomDraws(7)
  const looks = Array.from({ length: 80 }, () => isInInterval(draw, { step, noise, lookAt: 30 }))
  const known = looks.filter((look) => look !== null)
  expect(known.length).toBeGreaterThan(70)
  expect(known.filter(Boolean).length / known.length).toBeGreaterThan(0.82)
})

/** Null where the limit was met before the look, or there was no forecast. */
function isInInterval(
  draw: ReturnType<typeof randomDraws>,
  { step, noise, lookAt }: { step: number; noise: number; lookAt: number },
): boolean | null {
  const limit = 10 + lookAt / 0.6
  const verdict = new VerdictSoFar({ tolerance: undefined, unit: 'round' })
  verdict.setLimit({ bytes: limit * MIB, name: 'the limit of the cgroup' })
  let kept = 10
  for (let round = 1; ; round++) {
    kept += 1 + step * draw.normal()
    const bytes = (kept + noise * draw.uniform()) * MIB
    const isMet = bytes >= limit * MIB
    if (round <= lookAt && isMet) return null
    if (round <= lookAt)
      verdict.add({ round, timeMs: round * 1000, bytes, usedBytes: bytes, peakAboveBytes: 0, isRestart: false })
    if (!isMet) continue
    const rounds = verdict.forecast()?.rounds
    if (rounds === undefined) return null
    const ahead = round - lookAt
    return Math.ceil(rounds.low) <= ahead && (rounds.high === null || ahead <= Math.ceil(rounds.high))
  }
}
