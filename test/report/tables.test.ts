import { describe, expect, test } from 'vitest'
import { reproduceCommand } from '../../src/report/prose/reproduce.js'
import { summaryMarkdown } from '../../src/report/prose/summary-markdown.js'
import { wordsOf } from '../../src/report/prose/words.js'
import { terminalSummary, terminalTables } from '../../src/report/terminal/terminal-table.js'
import { exampleSettings } from './example-comparison.js'
import { exampleView } from './example-view.js'
import { expectGolden } from './golden.js'

describe('in a terminal', () => {
  test('no line of a table is wider than the terminal; what does not fit goes into a block of its own', () => {
    const text = terminalTables(exampleView(), { isTerminal: true, hasColor: false, width: 100 })
    const tableLines = text.split('\n').filter((line) => /^(gc=|─| {10})/.test(line))
    expect(Math.max(...tableLines.map((line) => line.length))).toBeLessThanOrEqual(100)
    expect(text.match(/^setting/gm)!.length).toBeGreaterThan(2)
  })

  test('the summary is printed as committed', () => {
    const view = exampleView({ failing: ['gc=1 arena=4'] })
    expectGolden('terminal-summary.txt', terminalSummary(view, { isTerminal: true, hasColor: false, width: 120 }))
  })

  test('in a log it has neither lines nor colours, and one block', () => {
    const text = terminalTables(exampleView(), { isTerminal: false, hasColor: false })
    for (const mark of ['─', '│', '\u001b']) expect(text).not.toContain(mark)
    expect(text.match(/^setting/gm)).toHaveLength(2)
  })

  test('colours are used when they are asked for', () => {
    expect(terminalTables(exampleView(), { isTerminal: true, hasColor: true })).toContain('\u001b[1m')
  })
})

describe('the summary for a pull request', () => {
  test('is written as committed', () => {
    expectGolden('summary.md.txt', summaryMarkdown(exampleView({ failing: ['gc=1 arena=4'] })))
  })

  test('a name with a pipe and markup stays inside its cell', () => {
    const setting = { ...exampleSettings()[0]!, label: 'a|b <img> `c`' }
    const text = summaryMarkdown(exampleView({ trials: 1, rounds: 4, settings: [setting] }))
    expect(text).toContain('| a\\|b \\<img\\> \\`c\\` |')
  })
})

describe('the words', () => {
  test('with fewer than four trials no difference is claimed', () => {
    const { changes } = wordsOf(exampleView({ trials: 3 }))
    expect(changes).toHaveLength(5)
    for (const sentence of changes) {
      expect(sentence).toContain('which may be chance: 3 trials, too few for an interval')
      expect(sentence).not.toMatch(/lowers|raises/)
    }
  })

  test('a difference that was found is given with size and interval', () => {
    const sentence = wordsOf(exampleView()).changes.find((text) => text.startsWith('gc=1 arena=4 against gc=0 arena=4'))
    expect(sentence).toMatch(/it lowers the floor by 40\.2 MiB \(38\.4 %\), 95 % interval 39\.\d to 4\d\.\d MiB/)
  })

  test('where none was found that is the result, and nothing is called the same', () => {
    const view = exampleView()
    for (const { floor } of view.differences) floor!.decision = 'undecided'
    const sentence = wordsOf(view).changes.find((text) => text.startsWith('gc=0 arena=4'))!
    expect(sentence).toContain('no clear difference in floor (measured ')
    expect(sentence.split(';')[0]).not.toMatch(/the same|equal|no effect|where it was/)
  })

  test('two settings that were shown to agree are reported to agree, to within how much', () => {
    const sentence = wordsOf(exampleView()).changes.find((text) => text.startsWith('gc=0 arena=4'))
    expect(sentence).toMatch(
      /it leaves the floor where it was, to within 2\.1 MiB \(measured [+-]\d\.\d MiB, 95 % interval/,
    )
  })

  test('the choice has the clearly lowest peak and the fewest changes, and is shown with what it costs', () => {
    const { choice } = wordsOf(exampleView())
    expect(choice).toMatch(
      /^The choice: gc=1 arena=unset\. Against gc=0 arena=unset it lowers the floor by 4\d\.\d MiB/,
    )
    expect(choice).toMatch(/the time of a round changes by \+\d\.\d %, 95 % interval/)
  })

  test('with too few trials, or nothing better, the choice says so', () => {
    expect(wordsOf(exampleView({ trials: 3 })).choice).toMatch(
      /^The choice: four trials of each setting are needed to compare them\./,
    )
    const settings = exampleSettings().filter(({ values }) => values.serverMemoryGcRounds === 0)
    expect(wordsOf(exampleView({ settings })).choice).toBe(
      'The choice: gc=0 arena=unset, since no other setting is clearly better.',
    )
  })

  test('a setting without a completed trial gets a sentence that says so', () => {
    const view = exampleView({ trials: 2, rounds: 8, failing: ['gc=5 arena=4'] })
    view.comparison.trials = view.comparison.trials.filter(
      ({ setting, trial }) => setting !== 'gc=5 arena=4' || trial === 2,
    )
    view.summaries = view.summaries.map((summary) =>
      summary.label === 'gc=5 arena=4' ? { ...summary, trials: 0 } : summary,
    )
    const words = wordsOf(view).settings.find(({ label }) => label === 'gc=5 arena=4')
    expect(words!.sentences).toEqual(['No trial was completed (1 failed); there is no verdict.'])
  })
})

test('the command that repeats a comparison is the one that was typed, quoted for a shell, with the trials that it has now', () => {
  const { comparison } = exampleView()
  const repeat = ['tidemark', 'compare', "it's mine", '-L', 'gc', '0,5']
  expect(reproduceCommand({ ...comparison, repeat, trialsPerSetting: 6 })).toBe(
    "tidemark compare 'it'\\''s mine' -L gc 0,5 --trials 6 --seed 1",
  )
  const { repeat: _, ...ofProgram } = comparison
  expect(reproduceCommand(ofProgram, 'runs/my own')).toBe("tidemark compare 'runs/my own/plan.json'")
})
