/** The pytest plugin of the companion, installed with pip and found by its entry point, in pytest itself. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { needs } from '../optional-parts.js'
import { temporaryFolder } from '../temporary-folder.js'
import { ENVIRONMENT_PYTHON, installCompanion, snippetsOfPage } from './companion.js'

const CASES = resolve(import.meta.dirname, '../fixtures/companion')

describe('the plugin for pytest', { ...needs('pytest'), timeout: 300_000 }, () => {
  test.each([
    { how: 'in one process', options: [] },
    { how: 'in two workers of xdist', options: ['-n', '2'] },
  ])('fails the tests that it should, $how, each with what was seen', ({ options }) => {
    const { stdout } = pytest('memory_cases.py', { options })
    const outcomes = [...stdout.matchAll(/(?:^|\s)(PASSED|FAILED) memory_cases\.py::(?:\w+::)?test_(\w+)/gm)]
    expect(outcomes.length, stdout).toBe(16)
    for (const [, outcome, name] of outcomes)
      expect(`${name}: ${outcome}`).toBe(`${name}: ${name!.endsWith('_fails') ? 'FAILED' : 'PASSED'}`)
    for (const said of [
      /^peak of 2\d\d\.\d MiB \(this process, exact\), limit 100\.0 MiB\n\n *before .*#\n *peak .*#{60}\n *after .*#\n *limit .*\^$/m,
      /^peak of 3\d\d\.\d MiB \(this process and its children, sampled\), limit 200\.0 MiB\n\n.*\n.*\n *a child +3\d\d\.\d MiB/m,
      /^memory grows by 5\.\d MiB over 20 rounds \(29\d KiB a round\), limit 1\.0 MiB, and by 5\.\d MiB over as many more\./m,
      /^ +[\d.]+ MiB \| {30,}\*+$/m,
      /ValueError: the ninth run/,
      /found '100 MoB', expected a size such as "2 GiB", "500 MB" or bytes/,
      /@pytest\.mark\.peak_below: it has no child, expected limit, children/,
      /rounds is 3, expected a whole number from 5/,
    ])
      expect(stdout).toMatch(said)
  })

  test('runs the snippet of its page', () => {
    const [example] = snippetsOfPage().filter((text) => text.includes('peak_below'))
    const { status, stdout } = pytest('test_page.py', { text: example! })
    expect(status, stdout).toBe(0)
    expect(stdout).toContain('3 passed')
  })

  test('sees 100 of 100 spikes of 20 ms within 1 %, in the process and in a child', () => {
    const { stdout } = pytest('spikes_of_20_ms.py', { options: ['-q'] })
    expect(stdout).toMatch(/^200 passed/m)
  })

  test('raises no alarm where memory does not grow', () => {
    const { stdout } = pytest('without_growth.py', { options: ['-q'], env: { RUNS: '20' } })
    expect(stdout).toMatch(/^20 passed/m)
  })

  test('takes at most 50 microseconds of processor time a test with a limit', () => {
    const file = join(temporaryFolder(), 'overhead.txt')
    const { status, stdout } = pytest('overhead.py', { options: ['-q'], env: { OVERHEAD: file } })
    expect(status, stdout).toBe(0)
    const [plain, marked] = readFileSync(file, 'utf8').split(' ').map(Number)
    expect(marked! - plain!, `${plain} us without, ${marked} us with`).toBeLessThan(50)
  })
})

test('200 runs without growth raise no alarm', {
  ...needs('pytest', 'every form of a framework'),
  timeout: 600_000,
}, () => {
  const { stdout } = pytest('without_growth.py', { options: ['-q'], env: { RUNS: '200' } })
  expect(stdout).toMatch(/^200 passed/m)
})

interface Run {
  options?: string[]
  env?: Record<string, string>
  /** What the file holds, where it is none of ours. */
  text?: string
}

function pytest(name: string, { options = [], env = {}, text }: Run) {
  const folder = temporaryFolder()
  const site = installCompanion(folder)
  if (text === undefined) copyFileSync(join(CASES, name), join(folder, name))
  else writeFileSync(join(folder, name), text)
  return spawnSync(ENVIRONMENT_PYTHON, ['-m', 'pytest', '-rA', '-p', 'no:cacheprovider', ...options, name], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, PYTHONPATH: site, ...env },
  })
}
