import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import type { ComparisonPlan } from '../../src/comparison/plan/plan.js'
import type { Comparison } from '../../src/results/comparison.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark, startTidemark } from '../tidemark.js'

const TINY = ['--trainer', 'echo', '--model-size', '100kB', '--rounds', '3', '--trials', '1', '--arena-max', 'unset']
const ALL = ['fedavg', 'scaffold', 'cyclic', 'swarm']

test('compare all runs the four algorithms, continues after Ctrl-C, and ends with one overview', async () => {
  const out = join(temporaryFolder(), 'results')
  const options = [...TINY, '--server-memory-gc-rounds', '1', '--order', 'random', '--out', out]
  const { child, finished } = startTidemark(['compare', 'all', ...options])
  await vi.waitFor(() => expect(existsSync(join(out, 'scaffold', 'comparison.json'))).toBe(true), {
    timeout: 60_000,
    interval: 20,
  })
  child.kill('SIGINT')
  const stopped = await finished
  expect(stopped.code, stopped.stderr).toBe(130)
  // The algorithm is named, its place among all, and the time left is for the whole.
  expect(stopped.stderr).toMatch(/^fedavg \(1 of 4\): 1 setting, 1 trial; results in /m)
  expect(stopped.stderr).toMatch(/^trial 1 of 1 .* about [\d.]+ m?s left for all 4$/m)
  expect(readFileSync(join(out, 'index.html'), 'utf8')).toMatch(/<p class="note">[23] more comparisons to come\.<\/p>/)
  expect(stopped.stderr).toMatch(/stopped after \d of 1 trial of scaffold; what was measured is kept\./)
  expect(stopped.stderr).toContain(`Continue with: tidemark compare --resume ${out}\n`)
  expect(existsSync(join(out, 'cyclic'))).toBe(false)

  const before = comparisonIn(out, 'fedavg')
  const resumed = await runTidemark(['compare', '--resume', out])
  // Each suite expects shapes, and three rounds decide none.
  expect(resumed.code, resumed.stderr).toBe(4)
  expect(readdirSync(out).sort()).toEqual([...ALL, 'index.html', 'overview.md', 'suite.json'].sort())
  expect(comparisonIn(out, 'fedavg').trials).toEqual(before.trials)
  for (const name of ALL) {
    expect(comparisonIn(out, name)).toMatchObject({ state: 'completed', trials: [{ state: 'completed' }] })
    expect(existsSync(join(out, name, 'report.html'))).toBe(true)
    // Whose turn it was, where there are turns.
    expect(existsSync(join(out, name, 'figures', 'turns.svg'))).toBe(name === 'swarm')
  }

  const labels = ['fedavg gc=1', 'scaffold gc=1', 'cyclic gc=1', 'swarm gc=1']
  const overview = readFileSync(join(out, 'overview.md'), 'utf8')
  const detailed = await runTidemark(['compare', '--resume', out, '--details'])
  const table = detailed.stdout.slice(detailed.stdout.indexOf('All comparisons, by setting'))
  for (const label of labels) {
    expect(overview).toMatch(
      new RegExp(`^\\| ${label} arena=unset \\|( [\\d.]+ \\|){4} (undecided|still rises) \\| undecided \\|$`, 'm'),
    )
    expect(table).toContain(label)
  }
  // Every heading of the details names its algorithm.
  for (const name of ALL) expect(detailed.stdout).toMatch(new RegExp(`^${name}: the (server|peer), by setting$`, 'm'))

  const end = resumed.stdout.slice(resumed.stdout.indexOf('\n4 comparisons\n'))
  for (const name of ALL) expect(end).toMatch(new RegExp(`^ {2}${name} +no choice yet`, 'm'))
  expect(end).toContain(`Index: ${join(out, 'index.html')}`)
  expect(end).toContain(`Table: ${join(out, 'overview.md')}`)
  const index = readFileSync(join(out, 'index.html'), 'utf8')
  for (const name of ALL) {
    expect(index).toContain(`<h2><a href="${name}/report.html">${name}</a></h2>`)
    expect(existsSync(join(out, name, 'report.html'))).toBe(true)
  }
  expect(index).not.toContain('to come')

  const { plans } = JSON.parse(readFileSync(join(out, 'suite.json'), 'utf8')) as { plans: ComparisonPlan[] }
  const jobs = plans.map(({ workload }) => (workload as { job: Record<string, unknown> }).job)
  expect(jobs.map(({ order }) => order)).toEqual([undefined, undefined, 'random', undefined])
  expect(plans.map(({ settings }) => settings.memoryGcRounds)).toEqual([undefined, undefined, undefined, [1]])

  const again = await runTidemark(['compare', '--resume', out, '--json'])
  const results = JSON.parse(again.stdout) as { folder: string }[]
  expect(results.map(({ folder }) => folder)).toEqual(ALL.map((name) => join(out, name)))
}, 240_000)

test('two suites of one name are refused before anything runs', async () => {
  const folder = temporaryFolder()
  const suite = JSON.stringify({ name: 'mine', workload: { kind: 'federation', job: { algorithm: 'fedavg' } } })
  for (const file of ['a', 'b']) writeFileSync(join(folder, `${file}.memory.json`), suite)
  const out = join(folder, 'results')
  const { code, stderr } = await runTidemark(['compare', folder, '--out', out])
  expect(code, stderr).toBe(2)
  expect(stderr).toContain('tidemark: two comparisons are called "mine", and each needs a folder of its own')
  expect(existsSync(out)).toBe(false)
})

function comparisonIn(out: string, name: string): Comparison {
  return JSON.parse(readFileSync(join(out, name, 'comparison.json'), 'utf8')) as Comparison
}
