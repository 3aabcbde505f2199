import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Comparison } from '../../src/results/comparison.js'
import { writeExampleRecording } from '../recording/example-recording.js'
import { exampleMachine, exampleSettings } from '../report/example-comparison.js'
import { writeExampleComparison } from '../report/write-example-comparison.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark } from '../tidemark.js'

const MIB = 2 ** 20
const SETTINGS = exampleSettings().slice(0, 2)

/** `before` and `after`, the second with this much more in every peak and end. */
function twoComparisons(options: { trials: number; moreMib: number; changes?: Partial<Comparison> }): string {
  const cwd = temporaryFolder()
  const shape = { settings: SETTINGS, trials: options.trials, rounds: 10 }
  const before = writeExampleComparison(join(cwd, 'before'), shape)
  const raised = before.trials.map((trial) => ({
    ...trial,
    rounds: trial.rounds.map((round) => ({
      ...round,
      peakBytes: round.peakBytes! + options.moreMib * MIB,
      end: { ...round.end, rssBytes: round.end.rssBytes + options.moreMib * MIB },
    })),
  }))
  writeExampleComparison(join(cwd, 'after'), shape, { trials: raised, ...options.changes })
  return cwd
}

const diffJson = async (cwd: string, ...args: string[]) =>
  JSON.parse((await runTidemark(['diff', ...args, '--json'], { cwd })).stdout)

describe('two comparisons', () => {
  test('that differ by 30 MiB in every trial: each setting says so with an interval', async () => {
    const cwd = twoComparisons({ trials: 4, moreMib: 30 })
    const { code, stdout, stderr } = await runTidemark(['diff', 'before', 'after'], { cwd })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^before {2}before \(fedavg, 4 trials of each setting\)\n/)
    for (const { label } of SETTINGS) expect(stdout).toContain(`\n${label}\n`)
    expect(stdout).toMatch(/peak MiB +[\d.]+ +[\d.]+ {2}\+30\.0 \(95 %: \+\d+\.\d to \+\d+\.\d\), higher by [\d.]+ %/)
    expect(stdout).toMatch(/round s .*the same|round s .*undecided/)
    expect(stdout).toContain('Machine and versions: the same on both sides.')
    const { settings } = await diffJson(cwd, 'before', 'after')
    expect(settings.map(({ peak }: { peak: { decision: string } }) => peak.decision)).toEqual(['higher', 'higher'])
  })

  test('of one trial each: no interval, and it says what would tell', async () => {
    const cwd = twoComparisons({ trials: 1, moreMib: 30 })
    const { stdout } = await runTidemark(['diff', 'before', 'after'], { cwd })
    expect(stdout).toMatch(/peak MiB .*\+30\.0, may be chance: four trials on each side show it/)
  })

  test('verdicts are in words and not by their internal names', async () => {
    const cwd = twoComparisons({
      trials: 4,
      moreMib: 0,
      changes: { job: { algorithm: 'fedavg', modelSize: 5_000_000 } },
    })
    const { stdout } = await runTidemark(['diff', 'before', 'after'], { cwd })
    expect(stdout).toMatch(/verdict +still rises +still rises\n/)
    expect(stdout).toMatch(/verdict +saw-tooth +saw-tooth\n/)
    expect(stdout).not.toMatch(/settling|sawtooth|inconclusive|modelSize/)
    expect(stdout).toMatch(/model size +\w+ +5000000/)
  })

  test('facts of the job and versions that differ are listed', async () => {
    const machine = { ...exampleMachine(), node: 'v24.1.0', glibc: '2.41' }
    const cwd = twoComparisons({ trials: 1, moreMib: 0, changes: { machine, seed: 7 } })
    const { facts } = await diffJson(cwd, 'before', 'after')
    expect(facts).toEqual([
      { fact: 'seed', before: '1', after: '7' },
      { fact: 'glibc', before: '2.36', after: '2.41' },
      { fact: 'Node', before: 'v20.20.2', after: 'v24.1.0' },
    ])
    const { stdout } = await runTidemark(['diff', 'before', 'after'], { cwd })
    expect(stdout).toMatch(/What else differs:\n.*\n {2}seed +1 +7\n/)
  })

  test('settings of one side alone are named, and two without a common one are refused', async () => {
    const cwd = temporaryFolder()
    const all = exampleSettings()
    writeExampleComparison(join(cwd, 'a'), { settings: all.slice(0, 2), trials: 1, rounds: 4 })
    writeExampleComparison(join(cwd, 'b'), { settings: all.slice(1, 3), trials: 1, rounds: 4 })
    writeExampleComparison(join(cwd, 'c'), { settings: all.slice(3, 5), trials: 1, rounds: 4 })
    const { stdout } = await runTidemark(['diff', 'a', 'b'], { cwd })
    expect(stdout).toContain(`Only before: ${all[0]!.label}\nOnly after: ${all[2]!.label}\n`)
    const none = await runTidemark(['diff', 'a', 'c'], { cwd })
    expect(none).toMatchObject({ code: 2, stdout: '' })
    expect(none.stderr).toContain('a and c have no setting in common')
  })
})

describe('two recordings', () => {
  const recorded = () => {
    const cwd = temporaryFolder()
    writeExampleRecording(join(cwd, 'before'))
    writeExampleRecording(join(cwd, 'after'), {
      machine: { hostname: 'example', kernel: 'Linux 6.12', memoryBytes: 2 ** 34 },
    })
    return cwd
  }

  test('are overlaid, and what else differs is listed', async () => {
    const { code, stdout, stderr } = await runTidemark(['diff', 'before', 'after'], { cwd: recorded() })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('before: before')
    expect(stdout).toMatch(/peak MiB +250\.0 +250\.0 {2}0\.0 \(0\.0 %\)/)
    expect(stdout).toMatch(/kernel +Linux 6\.1 +Linux 6\.12/)
    expect(stdout).toContain('a difference may be chance')
  })

  test('are drawn into a file, which is not replaced without --force', async () => {
    const cwd = recorded()
    const args = ['diff', '0', '1', '-o', 'both.svg']
    expect(await runTidemark(args, { cwd })).toMatchObject({ code: 0 })
    expect(readFileSync(join(cwd, 'both.svg'), 'utf8')).toContain('before: ')
    expect(await runTidemark(args, { cwd })).toMatchObject({ code: 2, stdout: '' })
    expect(await runTidemark([...args, '--force'], { cwd })).toMatchObject({ code: 0 })
  })

  test('a table over rounds and a recording over time have no axis in common', async () => {
    const cwd = recorded()
    writeFileSync(
      join(cwd, 'rounds.csv'),
      `round,rss_mib\n${Array.from({ length: 9 }, (_, i) => `${i + 1},100\n`).join('')}`,
    )
    const refused = await runTidemark(['diff', 'before', 'rounds.csv', '-o', 'x.svg'], { cwd })
    expect(refused).toMatchObject({ code: 2, stdout: '' })
    expect(refused.stderr).toContain('one is over time and the other over rounds')
    expect(existsSync(join(cwd, 'x.svg'))).toBe(false)
  })
})

test('a comparison and a recording are not held against each other, and one name is too few', async () => {
  const cwd = temporaryFolder()
  writeExampleRecording(join(cwd, 'recorded'))
  writeExampleComparison(join(cwd, 'compared'), { settings: SETTINGS, trials: 1, rounds: 4 })
  const mixed = await runTidemark(['diff', 'recorded', 'compared'], { cwd })
  expect(mixed).toMatchObject({ code: 2, stdout: '' })
  expect(mixed.stderr).toContain('compared is a comparison and recorded is not')
  expect(await runTidemark(['diff', 'recorded'], { cwd })).toMatchObject({ code: 2, stdout: '' })
})
