import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Analysis } from '../../src/verdict/shape/analysis.js'
import { PROGRAM } from '../tidemark.js'
import { TABLE_VARIANTS as OF_KINDS, type TableVariant } from './table-variants.js'
import { VARIANTS_OF_TOOLS } from './table-variants-of-tools.js'

const TABLE_VARIANTS = [...OF_KINDS, ...VARIANTS_OF_TOOLS]

interface Judged extends Analysis {
  path: string
  series?: string
  error?: string
  secondsPerRound: number | null
  notes: string[]
}

const MIB = 2 ** 20
const slopeMib = (judged: Judged) => (judged.slopeBytesPerRound?.estimate ?? Number.NaN) / MIB

/** What each file came to, by its name; those without options of their own are judged by one run of the program. */
function judgeAll(cwd: string, files: readonly { file: string; args: readonly string[] }[]): Map<string, Judged[]> {
  const byArgs = new Map<string, string[]>()
  for (const { file, args } of files) byArgs.set(args.join('\n'), [...(byArgs.get(args.join('\n')) ?? []), file])
  const found = new Map<string, Judged[]>()
  for (const [args, names] of byArgs) {
    const own = args === '' ? [] : args.split('\n')
    const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, 'analyze', ...names, ...own, '--json'], {
      cwd,
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    })
    expect(stderr).not.toMatch(/^\s+at .*:\d+:\d+/m)
    expect([0, 2, 4]).toContain(status)
    for (const judged of JSON.parse(stdout) as Judged[])
      found.set(judged.path, [...(found.get(judged.path) ?? []), judged])
  }
  return found
}

describe('tables of the kinds that people bring', () => {
  interface Case {
    file: string
    args: string[]
    shapes?: string[]
    slopeMiB?: [number, number]
    slopePerMinuteMiB?: [number, number]
    anySeriesGrows?: boolean
    levelPositive?: boolean
    refuseOk?: boolean
    mustRefuse?: boolean
  }
  const folder = fileURLToPath(new URL('../fixtures/tables', import.meta.url))
  const cases = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Case[]
  let found: Map<string, Judged[]>
  beforeAll(() => {
    found = judgeAll(folder, cases)
  }, 120_000)

  test.each(cases)('$file', (expected) => {
    const all = found.get(expected.file)!
    const [first] = all as [Judged]
    if (first.error !== undefined) {
      expect(expected.refuseOk === true || expected.mustRefuse === true, first.error).toBe(true)
      return
    }
    expect(expected.mustRefuse).not.toBe(true)
    if (expected.anySeriesGrows === true) {
      expect(all.map(({ shape }) => shape)).toContain('grows')
      return
    }
    if (expected.shapes !== undefined) expect(expected.shapes).toContain(first.shape)
    const isWithin = (value: number, [low, high]: [number, number]) => {
      expect(value).toBeGreaterThanOrEqual(low)
      expect(value).toBeLessThanOrEqual(high)
    }
    if (expected.slopeMiB !== undefined) isWithin(slopeMib(first), expected.slopeMiB)
    if (expected.slopePerMinuteMiB !== undefined)
      isWithin((slopeMib(first) * 60) / first.secondsPerRound!, expected.slopePerMinuteMiB)
    if (expected.levelPositive === true) expect(first.levelBytes).toBeGreaterThan(0)
  })
})

test('runs that mprof appended to one file are judged apart, and plotted and searched for a peak whole with a note', () => {
  const cwd = mkdtempSync(join(tmpdir(), 'tidemark-test-'))
  const run = (startSeconds: number, slopeMib: number) =>
    `CMDLINE python3 server.py\n${Array.from({ length: 200 }, (_, i) => `MEM ${(300 + slopeMib * i + (i % 7) / 10).toFixed(6)} ${(startSeconds + i / 10).toFixed(4)}\n`).join('')}`
  writeFileSync(join(cwd, 'runs.dat'), run(1.8e9, 0) + run(1.8e9 + 3600, 1) + run(1.8e9 + 7200, 2))
  const tidemark = (...args: string[]) =>
    spawnSync(process.execPath, [PROGRAM, ...args], { cwd, encoding: 'utf8', maxBuffer: 2 ** 28 })
  const judged = JSON.parse(tidemark('analyze', 'runs.dat', '--json').stdout) as Judged[]
  expect(judged.map(({ series, shape }) => [series, shape])).toEqual([
    ['run 1 of 3', 'stable'],
    ['run 2 of 3', 'grows'],
    ['run 3 of 3', 'grows'],
  ])
  expect(judged.flatMap(({ notes }) => notes)).toEqual([])
  const peak = tidemark('peak', 'runs.dat')
  expect(peak.stdout).toBe('runs.dat\t698.300 MiB\n')
  for (const { status, stderr } of [peak, tidemark('plot', 'runs.dat')]) {
    expect(stderr).toContain('runs.dat holds 3 runs, one after another: mprof appends to a file that exists')
    expect(status).toBe(0)
  }
  rmSync(cwd, { recursive: true, force: true })
})

describe('other tables of the same kinds', () => {
  const fileOf = ({ name }: TableVariant) => `${name.replaceAll(/[^\w-]+/g, '_')}.txt`
  let found: Map<string, Judged[]>
  let cwd: string
  afterAll(() => rmSync(cwd, { recursive: true, force: true }))
  beforeAll(() => {
    cwd = mkdtempSync(join(tmpdir(), 'tidemark-test-'))
    for (const variant of TABLE_VARIANTS) writeFileSync(join(cwd, fileOf(variant)), variant.content)
    found = judgeAll(
      cwd,
      TABLE_VARIANTS.map((variant) => ({ file: fileOf(variant), args: variant.args ?? [] })),
    )
  }, 120_000)

  test('each has a name of its own', () => {
    expect(new Set(TABLE_VARIANTS.map(fileOf)).size).toBe(TABLE_VARIANTS.length)
  })

  test.each(TABLE_VARIANTS.filter(({ refused }) => refused !== undefined))('refused: $name', (variant) => {
    const [only, ...others] = found.get(fileOf(variant))!
    expect(others).toEqual([])
    expect(`${only!.error}\n${(only as { fix?: string }).fix ?? ''}`).toMatch(variant.refused!)
  })

  test.each(TABLE_VARIANTS.filter(({ refused }) => refused === undefined))('judged: $name', (variant) => {
    const all = found.get(fileOf(variant))!
    expect(all.map(({ error }) => error).filter((error) => error !== undefined)).toEqual([])
    expect(all).toHaveLength(variant.series ?? 1)
    const growing = all.filter(({ shape }) => shape === 'grows')
    if (variant.growing === undefined) expect(growing).toHaveLength(1)
    else {
      expect(growing).toHaveLength(variant.growing.length)
      for (const [i, { series }] of growing.entries()) expect(series).toContain(variant.growing[i]!)
    }
    const [first] = growing as [Judged]
    if (variant.growsMib !== undefined) expect(slopeMib(first) / variant.growsMib).toBeCloseTo(1, 1)
    if (variant.growsMibPerMinute !== undefined)
      expect((slopeMib(first) * 60) / first.secondsPerRound! / variant.growsMibPerMinute).toBeCloseTo(1, 1)
    if (variant.note !== undefined) expect(first.notes.join('\n')).toMatch(variant.note)
  })
})
