import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { Comparison } from '../../src/results/comparison.js'
import { PYTHON } from '../python.js'
import { temporaryFolder } from '../temporary-folder.js'
import { PROGRAM, runTidemark } from '../tidemark.js'

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))
const JOB = ['fedavg', '--trainer', 'echo', '--model-size', '1MB', '--rounds', '4', '--arena-max', 'unset']

/** Runs a comparison in a terminal; `whileItRuns` is called with every piece that it writes. */
async function inATerminal(args: readonly string[], whileItRuns: (text: string) => void): Promise<string> {
  const child = spawn(PYTHON, [fixture('in-a-terminal.py'), '90', '30', process.execPath, PROGRAM, ...args], {
    env: { ...process.env, TERM: 'xterm-256color', LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8' },
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece
    whileItRuns(text)
  })
  await new Promise((resolve) => child.on('close', resolve))
  return text
}

test('on a terminal a block is repainted, and the report is there while trials run', async () => {
  const out = join(temporaryFolder(), 'results')
  let sawReport = false
  const text = await inATerminal(
    ['compare', ...JOB, '--server-memory-gc-rounds', '0,1', '--trials', '4', '--out', out],
    () => {
      if (!existsSync(join(out, 'report.html'))) return
      const { state } = JSON.parse(readFileSync(join(out, 'comparison.json'), 'utf8')) as Comparison
      if (state === 'running') sawReport = readFileSync(join(out, 'report.html'), 'utf8').endsWith('</html>\n')
    },
  )
  expect(sawReport).toBe(true)
  expect(text).toMatch(/\d of 8 trials\s+about .* left/)
  expect(text).toMatch(/▸ gc=[01] .*round \d of 4/)
  expect(text).toMatch(/gc=[01] .*[▁-█].*\d more trials?/)
  // The block is gone at the end: what stays begins with the headline of the answer.
  const end = text.slice(text.lastIndexOf('\u001b[?2026l'))
  expect(end).toContain('2 settings x 4 trials')
  expect(end).not.toContain('more trial')
}, 180_000)

test('without a terminal there is one line a trial', async () => {
  const out = join(temporaryFolder(), 'results')
  const { stderr } = await runTidemark([
    'compare',
    ...JOB,
    '--server-memory-gc-rounds',
    '0,1',
    '--trials',
    '1',
    '--out',
    out,
  ])
  expect(stderr.match(/^trial \d of 2 {2}gc=\d {2}.*peak .* MiB/gm)).toHaveLength(2)
  expect(stderr).not.toContain('\u001b')
}, 120_000)
