/** What differs by the loop that samples, in C or in JavaScript, is never pooled in silence. */
import { expect, test } from 'vitest'
import { findBaseline } from '../../src/comparison/baseline/find-baseline.js'
import { noteSamplingLoop } from '../../src/comparison/run/trial-runner.js'
import { machineDifferences } from '../../src/results/machine-differences.js'
import { exampleComparison, exampleMachine } from '../report/example-comparison.js'

const inC = { ...exampleMachine(), samplingLoop: 'c' as const }
const inJavaScript = { ...inC, samplingLoop: 'javascript' as const }

test('machines differ in the loop; one of a file that lacks it differs from none', () => {
  expect(machineDifferences(inC, inJavaScript)).toEqual([
    { fact: 'sampling loop', first: 'C', second: 'JavaScript', bearsOn: 'time' },
  ])
  expect(machineDifferences(exampleMachine(), inC)).toEqual([])
  expect(machineDifferences(inJavaScript, exampleMachine())).toEqual([])
})

test('a comparison takes the loop of its first trial, and warns once when a later one has the other', () => {
  const { comparison } = exampleComparison()
  const running = { ...comparison, machine: exampleMachine(), warnings: [] as string[] }
  noteSamplingLoop(running, undefined)
  expect(running.machine).not.toHaveProperty('samplingLoop')
  noteSamplingLoop(running, 'c')
  noteSamplingLoop(running, 'c')
  expect([running.machine.samplingLoop, running.warnings]).toEqual(['c', []])
  noteSamplingLoop(running, 'javascript')
  noteSamplingLoop(running, 'javascript')
  expect(running.machine.samplingLoop).toBe('c')
  expect(running.warnings).toEqual([expect.stringMatching(/loop in C and others by the one in JavaScript/)])
})

test('a baseline of the other loop is compared with, and noted', () => {
  const { comparison } = exampleComparison()
  const { name, job, judge } = comparison
  const entry = { name, job, judge, machine: inC } as Parameters<typeof findBaseline>[0]['entries'][number]
  const { notes } = findBaseline(
    { format: 'tidemark-baseline/1', entries: [entry] },
    { name, job, judge, machine: inJavaScript },
    { path: 'baseline.json', anyMachine: false },
  )
  expect(notes).toEqual(['The baseline was measured under other conditions: sampling loop (C, here JavaScript).'])
})
