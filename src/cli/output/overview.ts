import { readFileSync } from 'node:fs'
import { verbGroups } from '../parsing/verbs.js'
import { optionLines, reflow } from './help.js'

/**
 * Returns the output of `tidemark --help`, in 80 columns. It loads every verb for its summary,
 * which otherwise only a shell's completion does.
 */
export async function overview(): Promise<string> {
  const groups = await Promise.all(
    Object.entries(verbGroups).map(async ([title, verbs]) => {
      const commands = await Promise.all(Object.values(verbs).map(async (load) => (await load()).command))
      return [`${title}:`, ...commands.map(({ verb, summary }) => optionLines(verb, summary, WIDTH, COLUMN)), '']
    }),
  )
  return [
    reflow(
      'Does the memory of a federated-learning server grow, saw-tooth or stay flat over the rounds, why, and which settings make it flat?',
      WIDTH,
    ),
    '',
    'Usage: tidemark VERB [options]',
    '',
    'Start with:',
    '  tidemark compare fedavg           which memory settings keep a server flat',
    '  tidemark run -- python3 job.py    what a program of yours does',
    '  tidemark show                     the newest result again',
    '',
    ...groups.flat(),
    'tidemark VERB --help shows the options of a verb, with examples; tidemark',
    '--version prints the version.',
    '',
    'Exit codes: 0 fine, 1 expectation not met, 2 wrong usage, 3 the measured program',
    'failed, 4 inconclusive, 130 or 143 stopped by a signal.',
  ].join('\n')
}

const WIDTH = 80
/** Width of the longest verb and the blanks around it. */
const COLUMN = 13

export function programVersion(): string {
  const file = new URL('../../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}
