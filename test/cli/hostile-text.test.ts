/** What others wrote (titles, settings, marks, logs) may not steer a terminal, nor break a report that took hours to measure. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { csvOf } from '../../src/report/export/csv.js'
import { svgOf } from '../../src/report/figures/parts/svg.js'
import { recordingFigure } from '../../src/report/figures/recording.js'
import { escapeHtml } from '../../src/report/html/page-parts.js'
import { pngOf } from '../../src/report/png.js'
import { escapeMarkdown } from '../../src/report/prose/escape-markdown.js'
import { printable, printableLine } from '../../src/shared/printable.js'
import { writeExampleRecording } from '../recording/example-recording.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark } from '../tidemark.js'

const EVIL = '\u001b]0;owned\u0007\u001b[31mred\u0000\r\u009b2J\u202e\ud800'
/** Everything but newline and tab that a terminal obeys. */
const OBEYED = /(?![\n\t])[\p{Cc}\u202a-\u202e\u2066-\u2069]/u

test('no text leaves the escaping with a character that a terminal obeys or XML cannot hold, and plain text is left alone', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      expect(printable(text).replaceAll('\r\n', '')).not.toMatch(OBEYED)
      expect(printableLine(text)).not.toMatch(/\p{Cc}/u)
      expect(printable(text)).not.toMatch(/\p{Cs}/u)
      expect(printable(printable(text))).toBe(printable(text))
    }),
    { numRuns: 2000, seed: 1 },
  )
  expect(printable('Größe: 3 MiB → 4 MiB, 日本, 🌊\n\tok')).toBe('Größe: 3 MiB → 4 MiB, 日本, 🌊\n\tok')
})

test('each sink escapes: page, Markdown, CSV, figures as SVG and PNG', () => {
  for (const sink of [escapeHtml, escapeMarkdown]) expect(sink(EVIL)).not.toMatch(OBEYED)
  const rows = [['=cmd|calc!A0', '@sum', '+1', '-1', EVIL, 'plain', -1]]
  const csv = [...csvOf({ columns: [{ name: 'a', type: 'STRING' }], rows: () => rows })].join('')
  expect(csv).toContain("'=cmd|calc!A0,'@sum,'+1,'-1,")
  expect(csv.trimEnd()).toMatch(/,plain,-1$/)
  expect(csv.replaceAll('\r\n', '')).not.toMatch(OBEYED)
  const figure = recordingFigure(
    {
      series: [
        {
          name: EVIL,
          points: [
            [0, 1e6],
            [1000, 2e6],
          ],
        },
      ],
      rounds: [],
      brackets: [{ label: EVIL, startMs: 0, endMs: 500 }],
      peaks: [],
    } as unknown as Parameters<typeof recordingFigure>[0],
    {} as Parameters<typeof recordingFigure>[1],
  )
  const svg = svgOf(figure)
  expect(svg).not.toMatch(OBEYED)
  expect(pngOf(svg).length).toBeGreaterThan(1000)
})

test('control characters in titles, settings, marks and logs reach no terminal, and the report is written', {
  timeout: 120_000,
}, async () => {
  const cwd = temporaryFolder()
  const job = join(cwd, 'job.sh')
  writeFileSync(
    job,
    `printf '\\033]0;owned\\007 fails\\n'\nprintf '{"mark":"round","round":1,"role":"server","name":"\\\\u001b[2J"}\\n' >>"$TIDEMARK_MARKS"\nsleep 0.4\n[ "$2" != no ]\n`,
  )
  const command = `sh ${job} {x} {end}`
  const args = [
    'compare',
    '--command',
    command,
    '-L',
    'x',
    '\u001b[31mone,\u009b2Jtwo',
    '-L',
    'end',
    'yes,no',
    '--role',
    'server=job.sh',
  ]
  const { code, stdout, stderr } = await runTidemark([...args, '--trials', '1', '--out', 'it'], { cwd })
  expect([code, stderr]).toEqual([3, expect.stringContaining('\\u001b]0;owned\\u0007 fails')])
  expect(stdout).toContain('x=\\u001b[31mone')
  for (const text of [stdout, stderr]) expect(text).not.toMatch(OBEYED)
  for (const name of ['report.html', 'summary.md'])
    expect(readFileSync(join(cwd, 'it', name), 'utf8')).not.toMatch(OBEYED)
  expect(readdirSync(join(cwd, 'it', 'figures')).some((name) => name.endsWith('.png'))).toBe(true)
  const run = ['run', '--out', 'r', '--', 'sh', '-c', `sleep 0.4 # ${'\u001b[2J\n'}warning: forged`]
  const recorded = await runTidemark(run, { cwd })
  expect(recorded.stderr).not.toMatch(OBEYED)
  mkdirSync(join(cwd, 'l'))
  writeExampleRecording(join(cwd, 'l', 'tidemark-20260101000000'), { command: [`\u001b[2J\nforged`] })
  const listed = await runTidemark(['list'], { cwd: join(cwd, 'l') })
  expect(listed.stdout).not.toMatch(OBEYED)
  expect(listed.stdout.trimEnd().split('\n')).toHaveLength(1)
  const plotted = await runTidemark(['plot', '0'], { cwd: join(cwd, 'l') })
  expect(plotted.stdout).not.toMatch(OBEYED)
})
