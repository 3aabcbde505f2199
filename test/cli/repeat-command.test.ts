/** "How to repeat it" in a report: the command, parsed, plans the same comparison. Nothing runs here. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { command } from '../../src/cli/commands/measure/compare.js'
import { plannedRuns } from '../../src/cli/comparison-runs.js'
import { parseCommandLine } from '../../src/cli/parsing/parse-command-line.js'
import { settingsOf } from '../../src/comparison/plan/plan.js'
import { savePlan } from '../../src/comparison/run/comparison-folder.js'
import { startComparison } from '../../src/comparison/run/run-comparison.js'
import { reproduceCommand } from '../../src/report/prose/reproduce.js'
import { UsageError } from '../../src/shared/errors.js'
import { temporaryFolder } from '../temporary-folder.js'
import { wordsOfShell } from '../words-of-shell.js'

type Environment = Record<string, string>

async function plansOf(words: readonly string[], environment: Environment = {}) {
  const [program, verb, ...args] = words
  expect([program, verb]).toEqual(['tidemark', 'compare'])
  const parsed = parseCommandLine(command, args, environment)
  if (parsed === 'help') throw new Error('expected a command line and not a question for help')
  return plannedRuns(parsed)
}

/** What a report of each comparison would print, read by a shell. */
async function repeated(words: readonly string[], environment: Environment = {}) {
  const planned = await plansOf(words, environment)
  for (const { plan, repeat } of planned) {
    const comparison = { ...startComparison(plan, settingsOf(plan)), repeat }
    const again = await plansOf(wordsOfShell(reproduceCommand(comparison)))
    expect(again.map((one) => one.plan)).toContainEqual(plan)
  }
  return planned
}

const SUITES = readdirSync('suites', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.memory.ts'))
  .map((file) => join('suites', file))

const EXAMPLES = [...new Set(['README.md', ...readdirSync('docs').map((page) => join('docs', page))].flatMap(callsOf))]

function callsOf(page: string): string[] {
  if (!page.endsWith('.md')) return []
  const blocks = [...readFileSync(page, 'utf8').matchAll(/^```(?:sh|bash)\n([\s\S]*?)^```$/gm)].map(([, text]) => text!)
  return blocks.flatMap((text) =>
    text
      .replaceAll(/\\\n\s*/g, ' ')
      .split('\n')
      .filter((line) => /^tidemark compare (?!.*--resume)[^|&;>]*$/.test(line)),
  )
}

describe('every suite', () => {
  test.each(SUITES)('%s', async (suite) => {
    expect(await repeated(['tidemark', 'compare', suite])).not.toEqual([])
  })

  test.each(['fedavg', 'swarm'])('%s by its stored plan, as a program of the user’s has it', async (name) => {
    const [{ plan } = expect.fail('nothing is planned')] = await plansOf(['tidemark', 'compare', name])
    const folder = temporaryFolder()
    savePlan(folder, plan)
    const words = wordsOfShell(reproduceCommand(startComparison(plan, settingsOf(plan)), folder))
    expect((await plansOf(words)).map((one) => one.plan)).toEqual([plan])
  })
})

describe('every example', () => {
  const known = [...command.examples, ...EXAMPLES].filter((line) => !line.includes('--resume'))

  test.each(known)('%s', async (line) => {
    // Files that only the example's reader has.
    const isHere = await plansOf(wordsOfShell(line)).catch((error: unknown) => {
      if (error instanceof UsageError && /^there is no algorithm, file or folder/.test(error.message)) return undefined
      throw error
    })
    if (isHere !== undefined) expect(await repeated(wordsOfShell(line))).toHaveLength(isHere.length)
  })

  test('most of them name what is here', async () => {
    expect(known.length).toBeGreaterThan(15)
  })
})

test('all, with an option of one algorithm alone, is repeated as all', async () => {
  const planned = await repeated(['tidemark', 'compare', 'all', '--order', 'random', '--rounds', '5'])
  expect(planned.length).toBe(4)
})

test('what came from the environment is in the command, and trials that were added too', async () => {
  const environment = { TIDEMARK_ROUNDS: '7', TIDEMARK_TRIALS: '3', TIDEMARK_LIMIT: '2GiB' }
  const [{ plan, repeat } = expect.fail('nothing is planned')] = await repeated(
    ['tidemark', 'compare', 'fedavg'],
    environment,
  )
  const more = { ...startComparison(plan, settingsOf(plan)), repeat, trialsPerSetting: 5 }
  expect(wordsOfShell(reproduceCommand(more)).join(' ')).toBe(
    `tidemark compare fedavg --limit ${2 * 2 ** 30} --rounds 7 --trials 5 --seed 1`,
  )
})

test('hostile values of a command come back as they were', async () => {
  const line = `python job.py --note "it's \\"x\\"" --gc {gc} --lr {lr}`
  const words = [
    '--command',
    line,
    '-L',
    'gc',
    '0,5',
    '-L',
    'lr',
    'a\\,b,c',
    '--role',
    'server=a=b|c',
    '--role',
    'x=y z',
  ]
  const [{ plan } = expect.fail('nothing is planned')] = await repeated([
    'tidemark',
    'compare',
    ...words,
    '--rounds',
    'Round (\\d+)',
  ])
  expect(plan.settings.lr).toEqual(['a,b', 'c'])
})
