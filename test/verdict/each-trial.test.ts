import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import type { RecordedSeries } from '../../bench/verdict/record-programs.js'
import { analyzeRounds } from '../../src/verdict/shape/analyze-rounds.js'

const MIB = 2 ** 20
const all = JSON.parse(readFileSync('bench/verdict/programs/series.json', 'utf8')) as RecordedSeries[]
const inBytes = ({ rss }: RecordedSeries) => rss.map((mib) => mib * MIB)
const isFound = ({ shape, floorShape, now }: ReturnType<typeof analyzeRounds>) =>
  shape === 'grows' || floorShape === 'grows' || now.trend === 'rises'

it('four trials find a leak of a real program that each of them finds, and call none level that one did not', () => {
  const leaking = [...new Set(all.filter(({ truth }) => truth === 'grows').map(({ program }) => program))]
  const worse = leaking.flatMap((program) => {
    const trials = all.filter((series) => series.program === program).slice(0, 4)
    const alone = trials.filter((trial) => isFound(analyzeRounds(inBytes(trial)))).length
    const together = analyzeRounds(trials.map(inBytes))
    return alone >= 3 && !isFound(together) ? [`${program}: ${together.reason}`] : []
  })
  expect(worse).toEqual([])
})

it('four trials of a bounded program do not grow', () => {
  const bounded = [...new Set(all.filter(({ truth }) => truth === 'bounded').map(({ program }) => program))]
  const grow = bounded.filter((program) => {
    const { shape, floorShape } = analyzeRounds(
      all
        .filter((series) => series.program === program)
        .slice(0, 4)
        .map(inBytes),
    )
    return shape === 'grows' || floorShape === 'grows'
  })
  expect(grow).toEqual([])
})
