import { readFileSync } from 'node:fs'
import { verbs } from '../parsing/verbs.js'

/** What `tidemark --help` prints. It loads every verb for its summary, which no other call does. */
export async function overview(): Promise<string> {
  const commands = await Promise.all(Object.values(verbs).map(async (load) => (await load()).command))
  const width = Math.max(...commands.map(({ verb }) => verb.length))
  return [
    'Does the memory of a federated-learning server grow, saw-tooth or stay flat over the rounds, why, and which',
    'settings make it flat?',
    '',
    'Usage: tidemark VERB [options]',
    '',
    'Verbs:',
    ...commands.map(({ verb, summary }) => `  ${verb.padEnd(width)}  ${summary}`),
    '',
    'Start with:',
    '  tidemark compare fedavg',
    '',
    'tidemark VERB --help shows the options of a verb, with examples. tidemark --version prints the version.',
    'Exit codes: 0 fine, 1 expectation not met, 2 wrong usage, 3 the measured program failed, 4 inconclusive,',
    '130 or 143 stopped by a signal.',
  ].join('\n')
}

export function programVersion(): string {
  const file = new URL('../../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}
