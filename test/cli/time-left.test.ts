/** The time left against recorded trials: how long they really took. Nothing runs here. */
import { readFileSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { comparisonProgress } from '../../src/cli/output/progress/comparison-progress.js'
import { timeLeft } from '../../src/cli/output/progress/time-left.js'
import type { ComparisonEvent } from '../../src/comparison/run/compare-options.js'
import type { TrialResult } from '../../src/results/comparison.js'
import { exampleComparison } from '../report/example-comparison.js'

/** Comparisons that ran one after the other; of each trial when it started and ended, in ms since the first. */
interface RecordedRun {
  command: string
  machine: string
  comparisons: { name: string; trials: [startedMs: number, endedMs: number][] }[]
}

const RUNS = JSON.parse(readFileSync('test/fixtures/trial-times.json', 'utf8')) as RecordedRun[]
const { comparison } = exampleComparison({ trials: 1, rounds: 2 })
const [anyTrial] = comparison.trials

/** What the time left is fed with: the start of a comparison, and the end of its first trial. */
function eventsOfFirstTrial(trials: RecordedRun['comparisons'][number]['trials']): ComparisonEvent[] {
  const [startedMs, endedMs] = trials[0]!
  const result: TrialResult = { ...anyTrial!, startedMs, endedMs }
  const trial = { index: 1, setting: result.setting, trial: 1 }
  return [
    {
      kind: 'started',
      name: 'recorded',
      folder: 'runs/recorded',
      settings: 1,
      trials: trials.length,
      trialsDone: 0,
      judge: 'server',
      comparison,
    },
    { kind: 'trial-started', trial },
    { kind: 'trial-ended', trial, result },
  ]
}

describe.each(RUNS)('$command, on $machine', ({ comparisons }) => {
  test('after the first trial it is within a factor of two of what the others took', () => {
    for (const { name, trials } of comparisons) {
      const left = timeLeft({ isMost: false, of: 1, trialsLater: 0 })
      for (const event of eventsOfFirstTrial(trials)) left.update(event)
      const took = trials.at(-1)![1] - trials[0]![1]
      expect(left.estimateMs()! / took, name).toBeGreaterThan(0.5)
      expect(left.estimateMs()! / took, name).toBeLessThan(2)
    }
  })

  test('and so is that of the whole, where several comparisons run', () => {
    const [first, ...others] = comparisons
    const trialsLater = others.reduce((sum, { trials }) => sum + trials.length, 0)
    const left = timeLeft({ isMost: false, of: comparisons.length, trialsLater })
    for (const event of eventsOfFirstTrial(first!.trials)) left.update(event)
    const took = comparisons.at(-1)!.trials.at(-1)![1] - first!.trials[0]![1]
    expect(left.estimateMs()! / took).toBeGreaterThan(0.5)
    expect(left.estimateMs()! / took).toBeLessThan(2)
    expect(left.text()).toMatch(comparisons.length > 1 ? /^ {2}about .* left for all \d$/ : /^ {2}about .* left$/)
  })
})

test('the reason of a failed trial ends its line: no time left stands behind what to do', () => {
  const stream = new PassThrough() as unknown as NodeJS.WriteStream
  const { report } = comparisonProgress(stream)
  const run = RUNS[0]!.comparisons[0]!.trials
  for (const event of eventsOfFirstTrial(run)) report(event)
  const failed = { ...anyTrial!, state: 'failed' as const, reason: 'the server ended.\n  Give --clients 2 or more.' }
  const trial = { index: 2, setting: failed.setting, trial: 2 }
  report({ kind: 'trial-started', trial })
  report({ kind: 'trial-ended', trial, result: failed })
  const text = String((stream as unknown as PassThrough).read())
  expect(text).toMatch(/^trial 1 of .* left$/m)
  expect(text).toMatch(/ {2}Give --clients 2 or more\.\n$/)
})
