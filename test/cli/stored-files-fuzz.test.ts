/**
 * Every stored file, changed at random, through the verbs that read it: each ends with a result or with a sentence, and never
 * as a defect of Tidemark. Seeded; `npm run fuzz` runs 20,000 cases.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import type { Command } from '../../src/cli/parsing/command.js'
import { parseCommandLine } from '../../src/cli/parsing/parse-command-line.js'
import { verbs } from '../../src/cli/parsing/verbs.js'
import { readBaselineFile } from '../../src/comparison/baseline/baseline-file.js'
import { readSuiteFolder } from '../../src/comparison/run/suite-folder.js'
import { messageOf, TidemarkError } from '../../src/shared/errors.js'
import { MIB, STARTED_MS, writeExampleRecording } from '../recording/example-recording.js'
import { exampleComparison, exampleSettings } from '../report/example-comparison.js'
import { temporaryFolder } from '../temporary-folder.js'

const CASES = Number(process.env.TIDEMARK_FUZZ_CASES ?? 200)
const RUNS = { numRuns: CASES, seed: Number(process.env.TIDEMARK_FUZZ_SEED ?? 1) }
const LIMIT_MS = 60_000 + CASES * 300

const HOSTILE = [
  ...[null, true, -1, 0, 1.5, 1e308, 9e15, 1e16, 2 ** 53, '', 'x', '=1+1', '../x', '/etc', '\u001b[2J\u0000', '\ud800'],
  ...[[], {}, [null], [[]], { a: 1 }, ['x'], 'x'.repeat(5000)],
]

const anyChange = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('value' as const), at: fc.nat(), to: fc.constantFrom(...HOSTILE) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), at: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('twice' as const), at: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('bytes' as const),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      bytes: fc.uint8Array({ maxLength: 8 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('cut' as const), at: fc.double({ min: 0, max: 1, noNaN: true }) }),
  },
)
type Change = typeof anyChange extends fc.Arbitrary<infer C> ? C : never

/** One value of a JSON document, counted through it, replaced, removed or doubled; of several lines, in one of them. */
function changed(text: string, change: Change): string | Buffer {
  if (change.kind === 'cut') return text.slice(0, Math.floor(change.at * text.length))
  if (change.kind === 'bytes') {
    const bytes = Buffer.from(text)
    const place = Math.floor(change.at * bytes.length)
    return Buffer.concat([bytes.subarray(0, place), change.bytes, bytes.subarray(place + change.bytes.length)])
  }
  const isLines = text.trimEnd().includes('\n') && !text.startsWith('{\n')
  const documents = (isLines ? text.trimEnd().split('\n') : [text]).map((one) => JSON.parse(one) as unknown)
  const places = documents.flatMap((document, i) => placesOf(document, documents, i))
  const place = places[change.at % places.length]!
  const holder = place.holder as Record<string | number, unknown>
  if (change.kind === 'value') holder[place.key] = change.to
  else if (Array.isArray(holder))
    holder.splice(
      Number(place.key),
      1,
      ...(change.kind === 'twice' ? [holder[place.key as number], holder[place.key as number]] : []),
    )
  else delete holder[place.key]
  return `${documents
    .map((one) => (one === undefined ? '' : isLines ? JSON.stringify(one) : JSON.stringify(one, null, 1)))
    .join('\n')}\n`
}

interface Place {
  holder: unknown
  key: string | number
}

function placesOf(value: unknown, holder: unknown, key: string | number): Place[] {
  const own = [{ holder, key }]
  if (typeof value !== 'object' || value === null) return own
  const inside = Array.isArray(value) ? value.map((one, i) => [i, one] as const) : Object.entries(value)
  return [...own, ...inside.flatMap(([name, one]) => placesOf(one, value, name))]
}

/** Runs a verb here, without a process of its own, and says what it threw. */
async function run(args: string[]): Promise<unknown> {
  const [verb, ...rest] = args
  try {
    const { command } = (await verbs[verb!]!()) as { command: Command }
    const parsed = parseCommandLine(command, rest, {})
    if (parsed !== 'help') await command.run(parsed)
    return undefined
  } catch (error) {
    return error
  }
}

const READERS: ((folder: string, out: string) => string[])[] = [
  (folder) => ['plot', folder, '--slope'],
  (folder, out) => ['plot', folder, '-o', `${out}.svg`, '--force'],
  (folder, out) => ['plot', folder, '-o', `${out}.html`, '--force'],
  (folder) => ['peak', folder],
  (folder) => ['peak', folder, '--json'],
  (folder) => ['analyze', folder],
  (folder) => ['rm', folder, '--dry-run'],
  ...['--csv', '--openmetrics', '--otlp-json', '--hyperfine-json', '--parquet'].map(
    (format) => (folder: string, out: string) => ['export', folder, format, '-o', `${out}.out`, '--force'],
  ),
  (folder, out) => ['export', folder, '--csv', '--table', 'samples', '-o', `${out}.out`, '--force'],
]
const OF_COMPARISONS: typeof READERS = [
  (folder) => ['analyze', folder],
  ...['--csv', '--openmetrics', '--otlp-json', '--hyperfine-json'].map((format) => (folder: string, out: string) => [
    'export',
    folder,
    format,
    '-o',
    `${out}.out`,
    '--force',
  ]),
  (folder, out) => ['merge', folder, `${folder}-other`, '--any-machine', '--out', `${out}-merged`],
]

function quietly(): void {
  vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
}

function expectSentence(error: unknown, what: string): void {
  if (error === undefined) return
  if (!(error instanceof TidemarkError))
    throw new Error(`${what}: ${error instanceof Error ? error.stack : messageOf(error)}`)
  expect(error.message.length).toBeGreaterThan(10)
}

test('a recording of which any file was changed is read, or refused with a sentence', {
  timeout: LIMIT_MS,
}, async () => {
  quietly()
  const folder = join(temporaryFolder(), 'recording')
  writeExampleRecording(folder)
  const files = ['recording.json', 'marks.ndjson', 'samples.ndjson'].map((name) => ({
    file: join(folder, name),
    text: readFileSync(join(folder, name), 'utf8'),
  }))
  const anyCase = fc.record({
    file: fc.nat(2),
    changes: fc.array(anyChange, { minLength: 1, maxLength: 2 }),
    reader: fc.nat(READERS.length - 1),
  })
  await fc.assert(
    fc.asyncProperty(anyCase, async ({ file, changes, reader }) => {
      for (const { file: path, text } of files) writeFileSync(path, text)
      let text: string | Buffer = files[file]!.text
      for (const change of changes) if (typeof text === 'string') text = again(text, change)
      writeFileSync(files[file]!.file, text)
      const args = READERS[reader]!(folder, `${folder}-out`)
      expectSentence(await run(args), args.join(' '))
    }),
    RUNS,
  )
})

/** A second change may find no JSON any more. */
function again(text: string, change: Change): string | Buffer {
  try {
    return changed(text, change)
  } catch {
    return text.slice(0, -1)
  }
}

test('a comparison of which any file was changed is read, or refused with a sentence', {
  timeout: LIMIT_MS,
}, async () => {
  quietly()
  const folder = join(temporaryFolder(), 'comparison')
  const { comparison } = exampleComparison({ trials: 1, rounds: 9, settings: exampleSettings().slice(0, 2) })
  for (const one of [folder, `${folder}-other`]) {
    mkdirSync(join(one, 'trials'), { recursive: true })
    for (const { folder: trial } of comparison.trials) writeExampleRecording(join(one, trial))
    writeFileSync(
      join(one, 'plan.json'),
      JSON.stringify({ name: comparison.name, workload: { kind: 'federation', job: { algorithm: 'fedavg' } } }),
    )
    writeFileSync(
      join(one, 'comparison.json'),
      JSON.stringify({ ...comparison, trials: one === folder ? comparison.trials : [] }, null, 1),
    )
  }
  const files = ['comparison.json', 'plan.json'].map((name) => ({
    file: join(folder, name),
    text: readFileSync(join(folder, name), 'utf8'),
  }))
  const anyCase = fc.record({
    file: fc.nat(1),
    changes: fc.array(anyChange, { minLength: 1, maxLength: 2 }),
    reader: fc.nat(OF_COMPARISONS.length - 1),
  })
  await fc.assert(
    fc.asyncProperty(anyCase, async ({ file, changes, reader }) => {
      for (const { file: path, text } of files) writeFileSync(path, text)
      let text: string | Buffer = files[file]!.text
      for (const change of changes) if (typeof text === 'string') text = again(text, change)
      writeFileSync(files[file]!.file, text)
      const args = OF_COMPARISONS[reader]!(folder, `${folder}-out`)
      rmSync(`${folder}-out-merged`, { recursive: true, force: true })
      expectSentence(await run(args), args.join(' '))
    }),
    RUNS,
  )
})

test('a baseline, a suite and a table that were changed are read, or refused with a sentence', {
  timeout: LIMIT_MS,
}, async () => {
  quietly()
  const folder = temporaryFolder()
  const { machine, name } = exampleComparison().comparison
  const baseline = {
    format: 'tidemark-baseline/1',
    entries: [
      {
        name,
        measuredMs: STARTED_MS,
        machine,
        judge: 'server',
        job: {},
        settings: [
          { label: 'a', values: {}, peakBytes: [MIB], hasSampledPeaks: false, floorBytes: [], slopeBytesPerRound: [] },
        ],
      },
    ],
  }
  const suite = {
    format: 'tidemark-suite/1',
    plans: [{ name, workload: { kind: 'federation', job: { algorithm: 'fedavg' } } }],
    shard: { index: 1, of: 2 },
  }
  const texts = [JSON.stringify(baseline, null, 1), JSON.stringify(suite, null, 1)]
  const table = 'round,rss_bytes\n1,1000\n2,2000\n3,3000\n'
  await fc.assert(
    fc.asyncProperty(fc.nat(2), anyChange, async (which, change) => {
      if (which === 2) {
        const file = join(folder, 'table.csv')
        writeFileSync(file, again(table, change))
        expectSentence(await run(['analyze', file]), 'analyze table')
        return
      }
      const file = join(folder, which === 0 ? 'baseline.json' : 'suite.json')
      writeFileSync(file, again(texts[which]!, change))
      try {
        if (which === 0) readBaselineFile(file)
        else readSuiteFolder(folder)
      } catch (error) {
        expectSentence(error, file)
      }
    }),
    RUNS,
  )
})
