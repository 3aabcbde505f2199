import { describe, expect, it } from 'vitest'
import { judgeExpectation } from '../../src/verdict/gate/expectation.js'
import { analyzeRounds } from '../../src/verdict/shape/analyze-rounds.js'
import { randomDraws } from '../statistics/random-draws.js'

const MIB = 2 ** 20

const draws = randomDraws(11)

/** A warm-up by 50 MiB of which 1 - 1/e is over after `tau` rounds, with noise of 1 MiB. */
const warmUp = (tau: number, rounds: number) =>
  Array.from({ length: rounds }, (_, i) => (100 + 50 * (1 - Math.exp(-i / tau)) + draws.normal()) * MIB)

describe('a warm-up that was not watched to its end', () => {
  const analysis = analyzeRounds(warmUp(9, 20), { gcRounds: 0 })

  it('is growth or settling, and which one is open', () => {
    expect(analysis).toMatchObject({ shape: 'inconclusive', possible: ['grows', 'settling'] })
  })

  it('meets an expectation of either', () => {
    expect(judgeExpectation([['grows', 'settling']], analysis).state).toBe('met')
  })

  it('rises now, so that a level is not met, and what is asked of another axis does not matter', () => {
    expect(analysis.now).toMatchObject({ trend: 'rises' })
    expect(judgeExpectation([['stable']], analysis).state).toBe('not met')
    expect(judgeExpectation([['grows', 'settling'], ['stable']], analysis).state).toBe('not met')
  })

  it.each([[[['grows']]], [[['settling']]], [[['stable', 'settling']]]])('leaves %j undecided', (expected) => {
    expect(judgeExpectation(expected, analysis).state).toBe('undecided')
  })
})

it('what was decided otherwise does not meet it', () => {
  const level = analyzeRounds(Array.from({ length: 60 }, () => (100 + 0.05 * draws.normal()) * MIB))
  expect(level).toMatchObject({ shape: 'stable', possible: [] })
  expect(judgeExpectation([['grows', 'settling']], level).state).toBe('not met')
})

describe('a level with one step', () => {
  const stepped = (bytes: number) =>
    analyzeRounds(Array.from({ length: 40 }, (_, i) => (100 + (i < 20 ? 0 : bytes) + 0.05 * draws.normal()) * MIB))

  it('down meets an expectation of a level, since memory never came to hold more', () => {
    const down = stepped(-7)
    expect(down).toMatchObject({ shape: 'staircase' })
    expect(judgeExpectation([['stable']], down).state).toBe('met')
    expect(judgeExpectation([['settling']], down).state).toBe('not met')
  })

  it('up does not', () => {
    const up = stepped(7)
    expect(up).toMatchObject({ shape: 'staircase' })
    expect(judgeExpectation([['stable']], up).state).toBe('not met')
  })
})
