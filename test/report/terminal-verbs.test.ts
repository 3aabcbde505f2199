/** The texts that tune, check and analyze print, at several widths: the answer first, and no table is broken. */
import stringWidth from 'string-width'
import { describe, expect, test } from 'vitest'
import type { Tuned } from '../../src/comparison/run/tune.js'
import { gateOptions } from '../../src/options/gate.js'
import { defaultValues } from '../../src/options/types/spec.js'
import type { GateResult } from '../../src/report/ci/gate-result.js'
import { gateAnswer, gateDetails } from '../../src/report/ci/gate-terminal.js'
import { analysisAnswer, type NamedSeries } from '../../src/report/terminal/analysis-answer.js'
import type { TerminalStyle } from '../../src/report/terminal/layout.js'
import { tuneAnswer } from '../../src/report/terminal/tune-answer.js'
import type { Setting } from '../../src/results/setting.js'
import { MIB } from '../../src/shared/units.js'
import { type AllowedChanges, gate } from '../../src/verdict/gate/gate.js'
import { gatedNumbers } from '../../src/verdict/gate/gated-numbers.js'
import { analyzeRounds } from '../../src/verdict/shape/analyze-rounds.js'
import { exampleComparison, exampleSettings } from './example-comparison.js'
import { expectGolden } from './golden.js'

const WIDTHS = [60, 80, 100, 140]
const PLAIN = { hasColor: false, isPlain: false }
const { allowPeak: peak, allowFloor: floor, allowSlope: slope } = defaultValues(gateOptions)
const ALLOWED: AllowedChanges = { peak, floor, slope }

function series(name: string, mib: readonly number[], notes: string[] = [], limitBytes?: number): NamedSeries {
  const bytes = mib.map((one) => Math.round(one * MIB))
  const rounds = bytes.map((one, i) => ({ round: i + 1, bytes: one }))
  const analysis = analyzeRounds(rounds, { secondsPerRound: 12, limitBytes })
  return { name, judged: { analysis, bytes, unit: 'round', secondsPerRound: 12 }, notes }
}

/** NVFlare without cleanup and with one every fifth round, Flower, and a program that stays level: MiB by round. */
const NEVER = [681, 977, 1098, 1204, 1307, 1537, 1600, 1661, 1594, 1775, 1768, 1956]
const EVERY_FIFTH = [728, 1077, 1363, 1414, 496, 1029, 1218, 1404, 1445, 735, 1061, 1182]
const FLOWER = [657, 871, 885, 894, 931, 882, 885, 891, 891, 921]
const LEVEL = Array.from({ length: 40 }, (_, i) => 100 + (((i * 7) % 11) - 5) / 20)
const LEAK = Array.from({ length: 40 }, (_, i) => 100 + 3 * i + (((i * 7) % 11) - 5) / 20)

const NOTES = ['column "rss_mib" was taken as memory in MiB', 'column "client" was taken as the series']
const notRead: NamedSeries = { name: 'broken.csv', judged: null, notes: [] }

const ANALYSES: Record<string, NamedSeries[]> = {
  one: [series('server.csv', LEAK, [], 1024 * MIB)],
  level: [series('runs/nightly-2026-07-12/trials/0001-gc-1 (server, pid 4127)', LEVEL, NOTES, 150 * MIB)],
  undecided: [series('nvflare-gc5.csv', EVERY_FIFTH)],
  short: [series('short.csv', [100, 120, 130, 135])],
  several: [
    series('never.csv', NEVER, NOTES),
    series('flower.csv', FLOWER),
    notRead,
    series('level.csv', LEVEL),
    series('a/very/long/folder/of/recordings/that/leak/client-0000000001.csv', LEAK),
  ],
  many: Array.from({ length: 30 }, (_, i) => series(`clients.csv (client-${i + 1})`, i === 20 ? LEAK : LEVEL)),
}

function checkOf(options: {
  settings?: Setting[]
  trials?: number
  moreMib?: number
  against?: boolean
  failing?: string[]
}): GateResult {
  const { settings = exampleSettings(), trials = 4, moreMib = 0, against = false, failing = [] } = options
  const { comparison } = exampleComparison({ settings, trials, failing })
  const before = gatedNumbers(comparison)
  const after = before.map((one, i) => ({
    ...one,
    peakBytes: one.peakBytes.map((bytes) => bytes + (i % 2 === 0 ? moreMib : 0.2) * MIB),
  }))
  return {
    name: 'fedavg',
    judge: 'server',
    source: 'suites/fedavg',
    folder: 'runs/fedavg-20260712-130509',
    baseline: against ? null : { path: 'tidemark-baseline.json', measuredMs: Date.UTC(2026, 6, 12), hostname: 'ci-4' },
    against: against
      ? {
          before: { ref: 'origin/main', commit: '1a2b3c4d5e6f7a8b', subject: 'Pool the buffers of results' },
          after: { ref: 'HEAD', commit: '9f8e7d6c5b4a3a2b', subject: 'Keep the last results of every client' },
        }
      : null,
    checks: gate(before, after, ALLOWED),
    failedTrials: failing.map((setting) => ({
      setting,
      trial: 2,
      reason: 'the server (pid 4127) was killed by SIGKILL',
    })),
    notes: against ? ['The suite is that of the checkout for both.'] : [],
  }
}

const two = exampleSettings().slice(0, 2)
const twelve: Setting[] = exampleSettings().flatMap(({ label, values }) =>
  ['glibc', 'jemalloc'].map((allocator) => ({
    label: `${label} allocator=${allocator}`,
    values: { ...values, allocator },
  })),
)
const longNames: Setting[] = [0, 1].map((gc) => ({
  label: `data=/srv/datasets/federated/emnist/by-writer/shard-000${gc} gc=${gc}`,
  values: { data: `/srv/datasets/federated/emnist/by-writer/shard-000${gc}`, serverMemoryGcRounds: gc },
}))

const CHECKS: Record<string, GateResult> = {
  passed: checkOf({}),
  regressed: checkOf({ settings: two, moreMib: 12, against: true }),
  'twelve-regressed': checkOf({ settings: twelve, moreMib: 12 }),
  'too-few': checkOf({ settings: two, trials: 1, moreMib: 12 }),
  failed: checkOf({ failing: ['gc=1 arena=4'] }),
  'long-names': checkOf({ settings: longNames, moreMib: 12 }),
}

function tunedOf(settings: Setting[], outcome: Tuned['outcome'], tried = settings.length): Tuned {
  const { comparison } = exampleComparison({ settings })
  const isTried = (label: string) => settings.findIndex((one) => one.label === label) < tried
  const trials = comparison.trials.filter(
    ({ setting, trial }) => isTried(setting) && (trial === 1 || setting.includes('gc=1')),
  )
  return { folder: 'runs/fedavg-tune-20260712-130509', comparison: { ...comparison, trials }, outcome }
}

const TUNES: Record<string, { tuned: Tuned; limitBytes: number }> = {
  found: {
    tuned: tunedOf(exampleSettings(), { kind: 'found', label: 'gc=1 arena=4', boundBytes: 98 * MIB }),
    limitBytes: 110 * MIB,
  },
  none: { tuned: tunedOf(two, { kind: 'none' }), limitBytes: 80 * MIB },
  twelve: {
    tuned: tunedOf(twelve, { kind: 'found', label: 'gc=1 arena=unset allocator=glibc', boundBytes: 98 * MIB }, 9),
    limitBytes: 110 * MIB,
  },
  stopped: { tuned: tunedOf(two, { kind: 'stopped' }, 1), limitBytes: 110 * MIB },
}

/** A path stays whole where it is wider than a line, so that it can be copied. */
const isBreakable = (line: string) => /\S +\S/.test(line)

const CASES: [name: string, print: (style: TerminalStyle) => string[]][] = [
  ...Object.entries(ANALYSES).map(([name, some]): [string, (style: TerminalStyle) => string[]] => [
    `analyze-${name}`,
    (style) => analysisAnswer(some, style),
  ]),
  ...Object.entries(CHECKS).map(([name, result]): [string, (style: TerminalStyle) => string[]] => [
    `check-${name}`,
    (style) => gateAnswer(result, style),
  ]),
  ...Object.entries(TUNES).map(([name, { tuned, limitBytes }]): [string, (style: TerminalStyle) => string[]] => [
    `tune-${name}`,
    (style) => tuneAnswer(tuned, limitBytes, style),
  ]),
]

test('one round is written as one', () => {
  const text = analysisAnswer([series('short.csv', [100])], { ...PLAIN, width: 140 }).join('\n')
  expect(text).toContain('1 round does not decide it')
  expect(text).not.toMatch(/\b1 (rounds|windows)\b/)
})

describe.each(CASES)('%s', (name, print) => {
  const at = (width: number) => print({ ...PLAIN, width })

  test('is printed as committed at 60, 80, 100 and 140 columns', () => {
    expectGolden(`${name}.txt`, WIDTHS.map((width) => `${'='.repeat(width)}\n${at(width).join('\n')}\n`).join(''))
  })

  test('no line is wider than asked for, and at most 25 are printed with the two that follow', () => {
    for (const width of [...WIDTHS, 61, 73, 93, 117]) {
      for (const line of at(width).filter(isBreakable)) expect(stringWidth(line)).toBeLessThanOrEqual(width)
      expect(at(width).length + 2).toBeLessThanOrEqual(25)
    }
  })

  test('without Unicode there is nothing but ASCII, and colours change no text', () => {
    expect(print({ width: 80, hasColor: false, isPlain: true }).join('\n')).toMatch(/^[\n -~]*$/)
    const colored = print({ width: 80, hasColor: true, isPlain: false }).join('\n')
    expect(colored).toContain('\u001b[')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours are what is taken away
    expect(colored.replaceAll(/\u001b\[\d+m/g, '')).toBe(at(80).join('\n'))
  })
})

test('the answer stands in the first five lines', () => {
  const top = (name: string) =>
    CASES.find(([one]) => one === name)![1]({ ...PLAIN, width: 80 })
      .slice(0, 5)
      .join('\n')
  expect(top('analyze-one')).toContain('Memory grows')
  expect(top('analyze-several')).toMatch(/5 series: 1 not read, 2 grow/)
  expect(top('check-passed')).toMatch(/^fedavg: no regression in 18 checks/)
  expect(top('check-regressed')).toMatch(/Worse +peak of gc=0 arena=unset \+12 MiB/)
  expect(top('tune-found')).toContain('tidemark server --server-memory-gc-rounds 1')
  expect(top('tune-none')).toContain('No setting stays under 80.0 MiB')
})

test('details of a check have every check in a sentence', () => {
  const lines = gateDetails(CHECKS.regressed!, false)
  expect(lines.filter((line) => line.startsWith('REGRESSED'))).toHaveLength(1)
  expect(lines.filter((line) => line.startsWith('ok'))).toHaveLength(5)
})

test('a name from outside cannot steer the terminal', () => {
  const hostile = 'a\u001b[2J\nb'
  const text = [
    ...analysisAnswer([series(hostile, LEAK, [hostile])], { ...PLAIN, width: 100 }),
    ...gateAnswer({ ...CHECKS.regressed!, name: hostile, notes: [hostile] }, { ...PLAIN, width: 100 }),
    ...tuneAnswer(tunedOf([{ label: hostile, values: {} }], { kind: 'stopped' }), 80 * MIB, { ...PLAIN, width: 100 }),
  ].join('\n')
  expect(text).not.toContain('\u001b')
  expect(text).toContain('a\\u001b[2J\\u000ab')
})
