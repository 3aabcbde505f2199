/**
 * Numbers that the docs name are those of the source: each sentence is held against the constant that it describes. Lists
 * in the docs have every entry that the source has.
 */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { verbs } from '../../src/cli/parsing/verbs.js'
import { FIGURES } from '../../src/report/figures/all.js'

/** [page, the sentence with its numbers as groups, the constants in the same order: file, name, how many make one of the docs' unit] */
const FACTS: [page: string, sentence: RegExp, constants: [file: string, name: string, unit?: number][]][] = [
  [
    'file-formats.md',
    /every (\d+) seconds while processes change and every (\d+) otherwise/,
    [
      ['recording/sampling/report-schedule.ts', 'PROGRESS_INTERVAL_MS', 1000],
      ['recording/sampling/report-schedule.ts', 'IDLE_PROGRESS_INTERVAL_MS', 1000],
    ],
  ],
  [
    'how-it-measures.md',
    /into `recording\.json` every (\d+) seconds, or every (\d+) while no process/,
    [
      ['recording/sampling/report-schedule.ts', 'PROGRESS_INTERVAL_MS', 1000],
      ['recording/sampling/report-schedule.ts', 'IDLE_PROGRESS_INTERVAL_MS', 1000],
    ],
  ],
  [
    'how-it-measures.md',
    /Weights of (\d+) MiB and more arrive/,
    [['federation/process/role-engine.ts', 'LARGE_BYTES', 2 ** 20]],
  ],
  [
    'marks.md',
    /([\d,]+) lines are looked at, and (\d+) more for each second/,
    [
      ['recording/marks/mark-reader.ts', 'MOST_MARKS'],
      ['recording/marks/mark-reader.ts', 'MOST_MARKS_A_SECOND'],
    ],
  ],
  [
    'how-verdicts-are-made.md',
    /which gives the walk (\d+) %/,
    [['statistics/anytime/correlation-prior.ts', 'WALK_WEIGHT', 0.01]],
  ],
  ['how-verdicts-are-made.md', /\(an error of ([\d.]+) %\)/, [['verdict/shape/growth.ts', 'ALPHA', 0.01]]],
  ['while-it-runs.md', /too few rounds \| fewer than (\d+) /, [['verdict/live/verdict-so-far.ts', 'FEWEST_ROUNDS']]],
  [
    'while-it-runs.md',
    /has come to at least ([\d.]+) % of the level/,
    [['verdict/live/verdict-so-far.ts', 'CAME_TO', 0.01]],
  ],
  [
    'while-it-runs.md',
    /memory has to fall (\d+) % below its bound, or the limit has to be (\d+) % farther away/,
    [
      ['verdict/alerts/evaluate.ts', 'BACK', 0.01],
      ['verdict/alerts/evaluate.ts', 'AWAY', 0.01],
    ],
  ],
  [
    'while-it-runs.md',
    /has (\d+) minutes, and its failure/,
    [['recording/alerts/alert-command.ts', 'LONGEST_MS', 60_000]],
  ],
  ['wire-protocol.md', /or `wait` after (\d+) seconds/, [['federation/transport/protocol.ts', 'POLL_MS', 1000]]],
  [
    'ci.md',
    /architecture, cores, memory \(to (\d+) %\)/,
    [['results/machine-differences.ts', 'SAME_MEMORY_SHARE', 0.01]],
  ],
]

test.each(FACTS)('%s: %s', (page, sentence, constants) => {
  const found = sentence.exec(readFileSync(`docs/${page}`, 'utf8').replaceAll(/\n\s*/g, ' '))
  const said = found?.slice(1).map((text) => Number(text.replaceAll(',', '')))
  const meant = constants.map(([file, name, unit = 1]) =>
    Number((constantOf(`src/${file}`, name) / unit).toPrecision(9)),
  )
  expect(said).toEqual(meant)
})

/** The default tolerance is in the options as a text, because the verdict takes it from the level. */
test('the default of --tolerance is the one that the verdict takes', () => {
  const [, share] = /DEFAULT_TOLERANCE: Tolerance = \{ share: ([\d.]+) \}/.exec(
    readFileSync('src/verdict/shape/tolerance.ts', 'utf8'),
  )!
  expect(readFileSync('docs/options.md', 'utf8')).toContain(`\`${Number(share) * 100}% of the level\``)
})

test('the memory of a role under each release of Node is what the table below the sentence has', () => {
  const page = readFileSync('docs/how-it-measures.md', 'utf8')
  const rows = [...page.matchAll(/^\| (2\d)\.\d+ \| ([\d.]+) \| ([\d.]+) \|/gm)]
  const [oldest, ...later] = rows.map(([, node, start, own]) => ({ node, start: Number(start), own: Number(own) }))
  const text = page.replaceAll('\n', ' ')
  for (const { node, start } of later)
    expect(text).toContain(`${Math.round(start)} ${start === later[0]!.start ? 'MiB ' : ''}under ${node}`)
  expect(text).toContain(`but ${Math.round(oldest!.start)} under ${oldest!.node}`)
  const more = later.map(({ own }) => Math.round(own - oldest!.own))
  expect(text).toContain(`${Math.min(...more)} to ${Math.max(...more)} are V8's own heap`)
})

const page = (name: string) => readFileSync(`docs/${name}.md`, 'utf8')
const section = (name: string, heading: string) => page(name).split(`\n## ${heading}\n`)[1]!.split('\n## ')[0]!

test('file-formats.md has every figure of the report', () => {
  const table = page('file-formats').split('| figure | shows |')[1]!.split('\n\n')[0]!
  const listed = [...table.matchAll(/^\| `([\w-]+)` \|/gm)].map(([, name]) => name)
  expect(listed.sort()).toEqual(FIGURES.map(({ name }) => name).sort())
})

test('vitest.md has every option of record()', () => {
  const [, options = ''] = /interface RecordOptions \{\n([\s\S]*?)\n\}/.exec(
    readFileSync('src/recording/record.ts', 'utf8'),
  )!
  const names = [...options.matchAll(/^ {2}(\w+)\?:/gm)].map(([, name]) => name!)
  expect(names).toContain('rateHz')
  expect(names.filter((name) => !page('vitest').split('`record()` takes')[1]!.includes(`\`${name}\``))).toEqual([])
})

test('ci.md has every input of the action', () => {
  const { inputs } = parse(readFileSync('action.yml', 'utf8')) as { inputs: object }
  const [, listed = ''] = /with the inputs ([\s\S]*?)\n\n/.exec(page('ci'))!
  expect([...listed.matchAll(/`(\w+)`/g)].map(([, name]) => name)).toEqual(Object.keys(inputs))
})

test('the guide has every verb', () => {
  const listed = section('guide', 'Verbs').replaceAll(/^\| verb .*$/gm, '')
  expect(Object.keys(verbs).filter((verb) => !new RegExp(`\`(tidemark )?${verb}\\b`).test(listed))).toEqual([])
})

test('dependencies.md has every package', () => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, object>
  const cells = page('dependencies')
    .match(/^\| [^|]+ \|/gm)!
    .flatMap((cell) => cell.slice(2, -2).split(', '))
  const packages = [...Object.keys(dependencies!), ...Object.keys(devDependencies!)]
  expect(packages.filter((name) => !cells.includes(name))).toEqual([])
})

function constantOf(file: string, name: string): number {
  const number = new RegExp(`const ${name} = ([\\d_.]+)(?: \\* 2 \\*\\* (\\d+))?\\n`)
  const [, factor, power = '0'] = number.exec(readFileSync(file, 'utf8')) ?? []
  if (factor === undefined) throw new Error(`${file} has no constant ${name}`)
  return Number(factor.replaceAll('_', '')) * 2 ** Number(power)
}
