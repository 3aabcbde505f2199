import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FIGURES } from '../../src/report/figures/all.js'
import { writeReport, writeView } from '../../src/report/html/write-report.js'
import { TidemarkError } from '../../src/shared/errors.js'
import { temporaryFolder } from '../temporary-folder.js'
import { exampleComparison } from './example-comparison.js'
import { exampleView } from './example-view.js'

const MIB = 2 ** 20

test('the report of the default job is a page of at most 1.5 MB, a summary, and each figure as SVG and PNG', () => {
  const folder = temporaryFolder()
  const view = exampleView()
  const page = writeView(view, folder)
  expect(page).toBe(join(folder, 'report.html'))
  expect(statSync(page).size).toBeLessThanOrEqual(1.5e6)
  expect(readFileSync(join(folder, 'summary.md'), 'utf8')).toContain('# Memory of fedavg')
  const files = FIGURES.filter(({ hasData }) => hasData(view.data)).flatMap(({ name }) => [
    `${name}.png`,
    `${name}.svg`,
  ])
  expect(readdirSync(join(folder, 'figures')).sort()).toEqual(files.sort())
})

test('a comparison stopped before its first trial gets a report that says so', () => {
  const folder = temporaryFolder()
  const view = exampleView({ trials: 0 })
  view.comparison.state = 'stopped'
  view.comparison.trialsPerSetting = 4
  const html = readFileSync(writeView(view, folder), 'utf8')
  expect(html).toContain('The comparison was stopped: 0 of 24 trials are complete.')
  expect(html).toContain('No round was recorded, so there is nothing to draw.')
  expect(readdirSync(join(folder, 'figures'))).toEqual([])
})

test('what grew in heap trials is drawn, and a broken file of them is refused with its place', () => {
  const folder = temporaryFolder()
  const frame = { file: '/app/agg.py', line: 7, function: 'accept' }
  const grown = { ...frame, text: 'self.history.append(weights)', bytes: MIB, objects: 5, kind: 'python' }
  const line = { ...grown, liveBytes: [0, MIB], stack: [frame], stacks: [{ bytes: MIB, stack: [frame] }] }
  const growth = {
    process: { pid: 7, name: 'agg.py', role: 'server' },
    engine: 'memray',
    fromRound: 5,
    toRound: 10,
    rssGrowthBytes: MIB,
    explainedShare: 1,
    lines: [line],
    lineBytes: MIB,
  }
  const write = (processes: unknown[]) =>
    writeFileSync(
      join(folder, 'heap-diff.json'),
      JSON.stringify([{ setting: 'gc=0', folder: 'heap-trials/0001-gc_0', processes }]),
    )
  write([growth])
  const view = exampleView({ trials: 1, rounds: 3 })
  expect(readFileSync(writeView(view, folder), 'utf8')).toContain('accept agg.py:7')
  for (const [broken, place] of [
    [{ ...growth, lines: [{ ...line, stacks: [{ bytes: MIB, stack: [] }] }] }, '0.processes.0.lines.0.stacks.0.stack'],
    [{ ...growth, engine: 'other' }, '0.processes.0.engine'],
    [{ ...growth, lineBytes: null }, '0.processes.0.lineBytes'],
  ] as const) {
    write([broken])
    expect(() => writeView(view, folder)).toThrow(
      `${join(folder, 'heap-diff.json')} is no file of heap trials of this version: ${place}: found`,
    )
  }
  writeFileSync(join(folder, 'heap-diff.json'), '[{')
  expect(() => writeView(view, folder)).toThrow(TidemarkError)
})

test('failed trials and sampled peaks stand in front of the numbers, in the page and in the summary', () => {
  const folder = temporaryFolder()
  const view = exampleView({ failing: ['gc=5 arena=4'], peakKind: 'sampled', trials: 2, rounds: 8 })
  const html = readFileSync(writeView(view, folder), 'utf8')
  const summary = readFileSync(join(folder, 'summary.md'), 'utf8')
  for (const text of [html, summary]) {
    expect(text).toContain('Trial 2 of gc=5 arena=4 failed: the server (pid 4127) was killed by SIGKILL in round 8')
    expect(text).toContain('Peaks of some rounds are sampled, not exact')
    expect(text.indexOf('SIGKILL')).toBeLessThan(text.indexOf('initial RSS'))
  }
})

test('a folder that cannot be written is named in the error, with what to do', () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'figures'), 'a file where a folder should be')
  mkdirSync(join(folder, 'other'))
  expect(() => writeView(exampleView({ trials: 1, rounds: 3 }), folder)).toThrow(TidemarkError)
  expect(() => writeView(exampleView({ trials: 1, rounds: 3 }), folder)).toThrow(folder)
})

test('a trial whose recording is lost is named, and what its rounds tell is drawn', () => {
  const folder = temporaryFolder()
  const { comparison } = exampleComparison({ trials: 1, rounds: 6 })
  const { page, view } = writeReport(comparison, folder)
  expect(view.comparison.warnings[0]).toMatch(/^The recording of trial 1 of gc=0 arena=unset cannot be read: /)
  expect(comparison.warnings).toEqual([])
  expect(readFileSync(page, 'utf8')).toContain('cannot be read')
  expect(readdirSync(join(folder, 'figures'))).toContain('end-rss-by-round.svg')
})
