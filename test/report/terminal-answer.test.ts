import stringWidth from 'string-width'
import { describe, expect, test } from 'vitest'
import { type ReportModel, reportModel } from '../../src/report/html/report-model.js'
import { warningsOf } from '../../src/report/prose/provenance.js'
import { terminalAnswer } from '../../src/report/terminal/answer.js'
import type { Setting } from '../../src/results/setting.js'
import { exampleComparison, exampleSettings } from './example-comparison.js'
import { exampleView } from './example-view.js'
import { expectGolden } from './golden.js'

const WIDTHS = [60, 80, 100, 140]
const PLAIN = { hasColor: false, isPlain: false }

const two: Setting[] = [0, 1].map((gc) => ({
  label: `gc=${gc}`,
  values: { serverMemoryGcRounds: gc, arenaMax: 'unset' },
}))

/** An axis whose values all differ, so that none is folded. */
const eight: Setting[] = [0, 1, 2, 3, 4, 5, 7, 10].map((gc) => ({
  label: `gc=${gc}`,
  values: { serverMemoryGcRounds: gc },
}))
const twelve: Setting[] = exampleSettings().flatMap(({ label, values }) =>
  ['glibc', 'jemalloc'].map((allocator) => ({
    label: `${label} allocator=${allocator}`,
    values: { ...values, allocator },
  })),
)

const twelveRows: Setting[] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15].map((gc) => ({
  label: `gc=${gc}`,
  values: { serverMemoryGcRounds: gc },
}))

/** Two settings that differ by chance alone. */
function nothingDecided(): ReportModel {
  return exampleView({ settings: exampleSettings().filter(({ values }) => values.serverMemoryGcRounds === 0) })
}

function swarm(): ReportModel {
  const { comparison } = exampleComparison({ settings: two })
  const settings = [0, 1].map((gc) => ({ label: `gc=${gc}`, values: { memoryGcRounds: gc } }))
  const trials = comparison.trials.map((trial) => ({
    ...trial,
    rounds: trial.rounds.map((round) => ({ ...round, role: 'peer', aggregator: 'peer-1' })),
  }))
  const job = { ...comparison.job, algorithm: 'swarm', clients: 3 }
  return reportModel(
    { ...comparison, name: 'swarm', judge: 'peer', job, settings, expectations: {}, trials },
    () => undefined,
  )
}

function longPlaceholders(): ReportModel {
  const data = [
    '/srv/datasets/federated/emnist/by-writer/shard-0001',
    '/srv/datasets/federated/emnist/by-class/shard-0001',
  ]
  const settings: Setting[] = data.flatMap((path) =>
    [0, 1].map((gc) => ({ label: `data=${path} gc=${gc}`, values: { serverMemoryGcRounds: gc, data: path } })),
  )
  const { comparison, recordingOf } = exampleComparison({ settings })
  const named = settings.map(({ label, values: { serverMemoryGcRounds, data } }) => ({
    label,
    values: { data: data!, gc: serverMemoryGcRounds! },
  }))
  const job = { command: 'python train.py --data {data} --gc {gc}' }
  return reportModel({ ...comparison, name: 'train', job, settings: named, expectations: {} }, recordingOf)
}

/** Settings whose long values all matter, so that none is folded. */
function longNames(): ReportModel {
  const settings: Setting[] = [0, 5, 1].map((gc) => ({
    label: `data=/srv/datasets/federated/emnist/by-writer/shard-000${gc}`,
    values: { serverMemoryGcRounds: gc },
  }))
  const { comparison, recordingOf } = exampleComparison({ settings })
  const named = settings.map(({ label }) => ({ label, values: { data: label.replace('data=', '') } }))
  const job = { command: 'python train.py --data {data}' }
  return reportModel({ ...comparison, name: 'train', job, settings: named, expectations: {} }, recordingOf)
}

const CASES: Record<string, () => ReportModel> = {
  two: () => exampleView({ settings: two }),
  six: () => exampleView(),
  eight: () => exampleView({ settings: eight }),
  twelve: () => exampleView({ settings: twelve }),
  'twelve-rows': () => exampleView({ settings: twelveRows }),
  failed: () => exampleView({ failing: ['gc=1 arena=4', 'gc=0 arena=4'] }),
  'nothing-decided': nothingDecided,
  swarm,
  'long-placeholders': longPlaceholders,
  'long-names': longNames,
  'one-trial': () => exampleView({ trials: 1 }),
}

/** A path stays whole where it is wider than a line, so that it can be copied. */
const isBreakable = (line: string) => /\S +\S/.test(line.replace(/^ +Use /, ''))

describe.each(Object.keys(CASES))('%s', (name) => {
  const view = CASES[name]!()
  const at = (width: number) => terminalAnswer(view, { ...PLAIN, width })

  test('is printed as committed at 60, 80, 100 and 140 columns', () => {
    expectGolden(
      `answer-${name}.txt`,
      WIDTHS.map((width) => `${'='.repeat(width)}\n${at(width).join('\n')}\n`).join(''),
    )
  })

  test('no line is wider than asked for, and no table is broken', () => {
    for (const width of [...WIDTHS, 61, 73, 93, 117]) {
      for (const line of at(width).filter(isBreakable)) expect(stringWidth(line)).toBeLessThanOrEqual(width)
      const head = at(width).findIndex((line) => /^ +setting/.test(line))
      expect(head).toBeGreaterThan(2)
    }
  })

  test('the setting to take stands in the first five lines', () => {
    for (const width of WIDTHS) expect(at(width).slice(0, 5).join(' ')).toContain('Use')
  })

  test('up to eight settings take at most 25 lines, with the two that follow', () => {
    if (view.comparison.settings.length > 8) return
    for (const width of WIDTHS) expect(at(width).length + 2).toBeLessThanOrEqual(25)
  })
})

test('without Unicode there is nothing but ASCII', () => {
  for (const make of Object.values(CASES)) {
    const text = terminalAnswer(make(), { width: 80, hasColor: false, isPlain: true }).join('\n')
    expect(text).toMatch(/^[\n -~]*$/)
  }
})

test('colours are there when they are asked for, and change no text', () => {
  const view = exampleView()
  const colored = terminalAnswer(view, { width: 80, hasColor: true, isPlain: false }).join('\n')
  expect(colored).toContain('\u001b[')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours are what is taken away
  const text = colored.replaceAll(/\u001b\[\d+m/g, '')
  expect(text).toBe(terminalAnswer(view, { width: 80, ...PLAIN }).join('\n'))
})

test('a setting from outside cannot steer the terminal', () => {
  const setting = { label: 'a\u001b[2J\nb', values: { arenaMax: 4 } }
  const text = terminalAnswer(exampleView({ settings: [...two, setting] }), { width: 100, ...PLAIN }).join('\n')
  expect(text).not.toContain('\u001b')
  expect(text).toContain('a\\u001b[2J\\u000ab')
})

test('numbers of a sentence are those of the table', () => {
  const text = terminalAnswer(exampleView(), { width: 140, ...PLAIN }).join('\n')
  const end = /stays flat at (\d+) MiB/.exec(text)![1]
  const peak = /peak -\d+ %, to (\d+) MiB/.exec(text)![1]
  expect(text).toMatch(new RegExp(`gc=1 .*flat +${peak} +${end} `))
})

test('warnings of trials that differ in numbers alone are one', () => {
  const { comparison } = exampleView()
  const warned = (given: string[]) => ({
    ...comparison,
    trials: comparison.trials.map((trial, i) => ({ ...trial, warnings: given[i] === undefined ? [] : [given[i]] })),
  })
  const missed = (samples: number) => `${samples} of 355 samples were left out: the machine was too busy.`
  const trials = comparison.trials.length
  expect(warningsOf(warned([missed(6), missed(5), 'Another.', missed(10)]))).toEqual([
    `In 3 of ${trials} trials, for example: ${missed(6)}`,
    `In 1 of ${trials} trials: Another.`,
  ])
  expect(warningsOf(warned([missed(6), missed(6)]))).toEqual([`In 2 of ${trials} trials: ${missed(6)}`])
})
