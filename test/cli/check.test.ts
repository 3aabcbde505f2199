import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BaselineFile } from '../../src/comparison/baseline/baseline-file.js'
import type { GateResult } from '../../src/report/ci/gate-result.js'
import type { Comparison } from '../../src/results/comparison.js'
import { PYTHON } from '../python.js'
import { runTidemark } from '../tidemark.js'

/** The program under test: what it holds is in its source, as a change of code would have it. */
const program = (mib: number) => `
import time
held = bytearray(b'x') * (${mib} << 20)
for number in range(1, 11):
    print(f'Round {number} done', flush=True)
    time.sleep(0.02)
time.sleep(0.5)  # a server still says goodbye; the end of the last round is read meanwhile
`
const BEFORE_MIB = 40
const AFTER_MIB = 50

const folder = mkdtempSync(join(tmpdir(), 'tidemark-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const SUITE = {
  name: 'job',
  workload: { kind: 'command', command: `${PYTHON} job.py {how}`, rounds: 'end:Round (\\d+) done' },
  settings: { how: ['plain'] },
  trials: 4,
}

const NOT_IN_ACTIONS = { GITHUB_ACTIONS: '', GITHUB_STEP_SUMMARY: '' }

function check(args: string[], env: Record<string, string> = {}) {
  return runTidemark(['check', ...args], { cwd: folder, env: { ...NOT_IN_ACTIONS, ...env } })
}

beforeAll(async () => {
  writeFileSync(join(folder, 'job.memory.json'), JSON.stringify(SUITE))
  writeFileSync(join(folder, 'job.py'), program(BEFORE_MIB))
})

describe('the gate, from the first baseline to a regression', () => {
  test('without a baseline it says how to make one, before anything runs', async () => {
    const { code, stderr } = await check(['job.memory.json'])
    expect(code).toBe(2)
    expect(stderr).toBe(
      'tidemark: there is no baseline tidemark-baseline.json\n  Write one first: the same command with --update-baseline.\n',
    )
  })

  test('--update-baseline stores what was measured, and the same program passes', async () => {
    const stored = await check(['job.memory.json', '--update-baseline', '--out', 'first'])
    expect(stored.code, stored.stderr).toBe(0)
    expect(stored.stdout).toContain('Stored the baseline of job in tidemark-baseline.json\n')
    const [entry] = readBaseline().entries
    expect(entry).toMatchObject({ name: 'job', judge: 'server', settings: [{ label: 'how=plain' }] })
    expect(entry!.settings[0]!.peakBytes.length).toBe(4)

    const again = await check(['job.memory.json', '--out', 'second'])
    expect(again.code, again.stdout + again.stderr).toBe(0)
    expect(again.stdout).toMatch(/^job: no regression in 3 checks\n\n {2}Sure\? +(largest rise: |nothing rose)/)
    expect(again.stdout).toMatch(/Against +tidemark-baseline.json \(\d{4}-\d\d-\d\d, /)
    expect(again.stdout).toContain('\n  tidemark check second --details\n')
  })

  test('a program that holds 10 MiB more fails, in every output', async () => {
    writeFileSync(join(folder, 'job.py'), program(AFTER_MIB))
    const summary = join(folder, 'summary.md')
    writeFileSync(summary, 'of the step before\n')
    const { code, stdout, stderr } = await check(
      ['job.memory.json', '--out', 'third', '--junit', 'junit.xml', '--markdown', 'gate.md'],
      { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary },
    )
    expect(code, stdout + stderr).toBe(1)
    expect(stdout).toMatch(/^job: [12] of 3 checks regressed\n\n {2}Worse +peak of how=plain /)
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(
      /Worse peak of how=plain \+(9\.\d|10) MiB \(\+\d+ %, 95 %: [^)]+\), to \d+ MiB; 3 % is allowed; not by chance /,
    )
    const details = await check(['third', '--details'])
    expect(details.stdout).toMatch(
      /^REGRESSED {7}peak of how=plain: \d+\.\d MiB, was \d+\.\d MiB: \+(9\.\d|10\.\d) MiB \(\+\d+\.\d %\), 95 % interval .*\. More than the 1\.\d MiB \(3\.0 %\) allowed, and not by chance\.$/m,
    )
    expect(stderr).toMatch(
      /^::error file=job.memory.json,title=job%3A peak regressed::peak of how=plain: .*\(3\.0 %25\) allowed/m,
    )
    const markdown = readFileSync(join(folder, 'gate.md'), 'utf8')
    expect(markdown).toMatch(/^### job: [12] of 3 checks regressed$/m)
    expect(markdown).toMatch(/^\| ❌ \*\*regressed\*\* \| how=plain \| peak \| /m)
    expect(readFileSync(summary, 'utf8')).toBe(`of the step before\n${markdown}`)
    expect(junitSuite()).toMatchObject({ name: 'job', tests: '3', errors: '0', skipped: '0' })
    expect(Number(junitSuite().failures)).toBeGreaterThan(0)
  })
})

describe('the folder of a comparison that ran', () => {
  test('is checked without running anything, and --json is all that is printed', async () => {
    const { code, stdout } = await check(['third', '--json'])
    expect(code).toBe(1)
    const [result] = JSON.parse(stdout) as GateResult[]
    expect(result!.checks.map(({ quantity }) => quantity)).toEqual(['peak', 'floor', 'slope'])
    expect(result!.checks[0]).toMatchObject({ state: 'regressed', trials: { before: 4, after: 4 } })
  })

  test('passes where the rise is allowed', async () => {
    const { code } = await check(['third', '--allow-peak', '15MiB', '--allow-floor', '200%', '--allow-slope', '50MiB'])
    expect(code).toBe(0)
  })

  test('takes no options of running', async () => {
    const { code, stderr } = await check(['third', '--trials', '5'])
    expect(code).toBe(2)
    expect(stderr).toMatch(
      /third is a comparison that ran; found --trials as well\n {2}.*: tidemark compare --resume third --more-trials 2\n/,
    )
  })

  test('with too few trials for a baseline says how it gets more', async () => {
    changeComparison('third', 'two', ({ trials }) => ({ trials: trials.slice(0, 2) }))
    const { code, stderr } = await check(['two', '--update-baseline', '--baseline', 'new.json'])
    expect(code).toBe(2)
    expect(stderr).toMatch(
      /no baseline was written: job has 2 .*\n {2}Add some: tidemark compare --resume two --more-trials 3\n/,
    )
  })

  test('of another type of machine is refused, unless --any-machine allows it', async () => {
    changeComparison('third', 'elsewhere', (comparison) => ({
      machine: { ...comparison.machine, cores: comparison.machine.cores + 6, hostname: 'elsewhere' },
    }))
    const refused = await check(['elsewhere'])
    expect(refused.code).toBe(2)
    expect(refused.stderr).toMatch(
      /was measured on another type of machine: cores \(\d+, here \d+\)\. Peaks of different/,
    )
    const allowed = await check(['elsewhere', '--any-machine'])
    expect(allowed.code).toBe(1)
    expect(allowed.stdout).toContain('note: The baseline was measured on another type of machine: cores')
  })

  test('of another machine can be taken in beside the first', async () => {
    const before = readFileSync(join(folder, 'tidemark-baseline.json'), 'utf8')
    writeFileSync(join(folder, 'both.json'), before)
    const stored = await check(['elsewhere', '--update-baseline', '--baseline', 'both.json'])
    expect(stored.code).toBe(0)
    expect((JSON.parse(readFileSync(join(folder, 'both.json'), 'utf8')) as BaselineFile).entries.length).toBe(2)
    expect((await check(['elsewhere', '--baseline', 'both.json'])).code).toBe(0)
    expect((await check(['third', '--baseline', 'both.json'])).code).toBe(1)
  })

  test('of another job is refused', async () => {
    changeComparison('third', 'other-job', (comparison) => ({
      job: { ...comparison.job, command: 'python3 other.py' },
    }))
    const { code, stderr } = await check(['other-job'])
    expect(code).toBe(2)
    expect(stderr).toMatch(/is of another job: command \(.*job.py {how}, now python3 other.py\)/)
  })

  test('with a failed trial exits with 3, and is no baseline', async () => {
    changeComparison('third', 'failing', ({ trials }) => ({
      trials: trials.map((trial, i) =>
        i === 0 ? { ...trial, state: 'failed', reason: 'killed <by> \u0007 the test' } : trial,
      ),
    }))
    const { code, stdout } = await check(['failing', '--junit', 'junit.xml'])
    expect(code).toBe(3)
    expect(stdout).toContain('trial 1 of how=plain failed: killed <by>')
    expect(junitSuite()).toMatchObject({ tests: '4', errors: '4' })
    expect((await check(['failing', '--update-baseline'])).code).toBe(3)
  })
})

test('too few trials are refused before they run', async () => {
  const { code, stderr } = await check(['job.memory.json', '--trials', '2'])
  expect(code).toBe(2)
  expect(stderr).toContain('job has 2 trials of each setting, and fewer than 4 decide nothing')
})

test.each([
  ['{', 'cannot read the baseline'],
  ['{"format": "tidemark-comparison/1"}', 'format: found "tidemark-comparison/1", expected "tidemark-baseline/1"'],
  ['{"format": "tidemark-baseline/1", "entries": []}', 'knows no comparison "job"; it has none'],
])('a baseline that holds %s is refused with the reason', async (content, reason) => {
  writeFileSync(join(folder, 'bad.json'), content)
  const { code, stderr } = await check(['job.memory.json', '--baseline', 'bad.json'])
  expect(code).toBe(2)
  expect(stderr).toContain(reason)
})

function readBaseline(): BaselineFile {
  return JSON.parse(readFileSync(join(folder, 'tidemark-baseline.json'), 'utf8')) as BaselineFile
}

function changeComparison(from: string, to: string, change: (comparison: Comparison) => Partial<Comparison>): void {
  const comparison = JSON.parse(readFileSync(join(folder, from, 'comparison.json'), 'utf8')) as Comparison
  mkdirSync(join(folder, to))
  writeFileSync(join(folder, to, 'comparison.json'), JSON.stringify({ ...comparison, ...change(comparison) }))
}

/** Python's parser takes nothing that is not well-formed. */
function junitSuite(): Record<string, string> {
  const script = `
import json, sys, xml.etree.ElementTree as tree
print(json.dumps(tree.parse(sys.argv[1]).getroot().find('testsuite').attrib))`
  return JSON.parse(execFileSync(PYTHON, ['-c', script, join(folder, 'junit.xml')], { encoding: 'utf8' })) as Record<
    string,
    string
  >
}
