import { describe, expect, test } from 'vitest'
import { stepPosterior } from '../../src/statistics/step-posterior.js'
import type { BisectRound } from '../../src/verdict/bisect/evidence.js'
import { type BisectStep, nextBisectStep } from '../../src/verdict/bisect/next-step.js'
import { randomDraws } from '../statistics/random-draws.js'

describe('where a series steps up', () => {
  test('every place is as likely without evidence', () => {
    expect(stepPosterior(4, new Map())).toEqual([0.25, 0.25, 0.25, 0.25])
  })

  test('evidence that a place is above the step leaves those up to it', () => {
    const posterior = stepPosterior(4, new Map([[1, Math.log(9)]]))
    expect(posterior.map((one) => Number(one.toFixed(3)))).toEqual([0.45, 0.45, 0.05, 0.05])
  })
})

/** Runs a search on numbers drawn at random. The goals at large: bench/bisect/bisect.ts. */
function search(levels: readonly number[], seed: number, skipped = new Set<number>()): BisectStep & { rounds: number } {
  const random = randomDraws(seed)
  const rounds: BisectRound[] = []
  for (;;) {
    const step = nextBisectStep(levels.length - 1, rounds, skipped, { minChange: { share: 0.01 }, trials: 16 })
    if (step.kind !== 'measure') return { ...step, rounds: rounds.length }
    const measure = (commit: number) => levels[commit]! + 0.01 * random.normal()
    const { low, high, between } = step
    expect(between === null || !skipped.has(between)).toBe(true)
    rounds.push({
      low,
      high,
      between,
      values: { low: measure(low), high: measure(high), between: between === null ? null : measure(between) },
    })
  }
}

const stepAt = (...steps: number[]) =>
  Array.from({ length: 33 }, (_, commit) => 1 + 0.05 * steps.filter((step) => step <= commit).length)

describe('a search over 32 commits at 1 % spread', () => {
  test.each([1, 2, 16, 17, 31, 32])('finds a step of 5 percent at commit %i, and its size', (commit) => {
    const found = search(stepAt(commit), 100 + commit)
    expect(found).toMatchObject({ kind: 'found', commit })
    if (found.kind !== 'found') return
    expect(Math.abs(found.effect.change - 0.05)).toBeLessThan(0.04)
    expect(found.effect.interval.low).toBeGreaterThan(0)
  })

  test('finds one of two steps', () => {
    const found = search(stepAt(9, 25), 3)
    expect(found.kind === 'found' && [9, 25].includes(found.commit)).toBe(true)
  })

  test('says that nothing changed, that it fell, and that it rose little by little', () => {
    expect(search(stepAt(), 4).kind).toBe('no change')
    expect(
      search(
        stepAt(9).map((level) => 2 - level),
        5,
      ).kind,
    ).toBe('not worse')
    const slope = Array.from({ length: 33 }, (_, i) => 1 + i / 640)
    const kinds = Array.from({ length: 10 }, (_, seed) => search(slope, 20 + seed).kind)
    expect(kinds.filter((kind) => kind === 'no single one').length).toBeGreaterThanOrEqual(7)
  })

  test('names the commits that cannot be distinguished', () => {
    const found = search(stepAt(16), 7, new Set([15, 16]))
    expect(found).toMatchObject({ kind: 'one of', commits: [15, 16, 17] })
  })
})
