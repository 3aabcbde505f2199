import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { readRecording } from '../../src/recording/storage/read-recording.js'
import { PYTHON } from '../python.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark } from '../tidemark.js'

/**
 * The example as it stands in the page, with a program around it that has two rounds. It ends once the recorder has read the
 * second: what has ended cannot be read.
 */
const LANGUAGES = [
  {
    language: 'python',
    file: 'train.py',
    command: [PYTHON],
    rounds: `round_done(1)
round_done(2)
path = os.environ.get("TIDEMARK_MARKS")
while path and open(path).read().count("observed") < 2: pass
`,
  },
  {
    language: 'bash',
    file: 'train.sh',
    command: ['bash'],
    rounds: `round_done 1
round_done 2
while [ -n "$TIDEMARK_MARKS" ] && [ "$(grep -c observed "$TIDEMARK_MARKS")" -lt 2 ]; do sleep 0.01; done
`,
  },
  {
    language: 'ts',
    file: 'train.ts',
    command: [process.execPath, jiti()],
    rounds: `roundDone(1)
roundDone(2)
import { readFileSync } from 'node:fs'
const path = process.env.TIDEMARK_MARKS
while (path !== undefined && readFileSync(path, 'utf8').split('observed').length < 3);
`,
  },
]

function jiti(): string {
  return join(dirname(createRequire(import.meta.url).resolve('jiti/package.json')), 'lib/jiti-cli.mjs')
}

/** The last block of the language, which needs nothing but the language. */
function exampleIn(language: string): string {
  return blocksIn(language).at(-1)!
}

function blocksIn(language: string): string[] {
  const page = readFileSync('docs/marks.md', 'utf8')
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, text]) => text!)
}

test('the example with the companion for Python marks rounds', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'train.py'), blocksIn('python')[0]!)
  const recording = join(folder, 'recording')
  const options = { cwd: folder, env: { PYTHONPATH: join(process.cwd(), 'python'), PYTHONDONTWRITEBYTECODE: '1' } }
  const { code, stderr } = await runTidemark(['run', '--out', recording, '--', PYTHON, 'train.py'], options)
  expect(code, stderr).toBe(0)
  expect(readRecording(recording).rounds.map(({ round, role }) => [round, role])).toEqual([
    [1, 'server'],
    [2, 'server'],
  ])
})

test.each(LANGUAGES)('the example in $language marks rounds under tidemark run, and runs without it', async (each) => {
  const folder = temporaryFolder()
  const program = join(folder, each.file)
  writeFileSync(program, `${exampleIn(each.language)}\n${each.rounds}`)
  const command = [...each.command, program]
  const recording = join(folder, 'recording')
  const { code, stderr } = await runTidemark(['run', '--out', recording, '--', ...command])
  expect([code, stderr]).toEqual([0, expect.stringMatching(/^rounds( by role)?, memory in MiB/m)])
  const { rounds, warnings } = readRecording(recording)
  expect([...new Set(rounds.map(({ round }) => round))]).toEqual([1, 2])
  expect(warnings.filter((warning) => warning.includes('marks.ndjson'))).toEqual([])
  const bare = await runTidemark([
    'run',
    '--out',
    join(folder, 'bare'),
    '--',
    'env',
    '-u',
    'TIDEMARK_MARKS',
    ...command,
  ])
  expect(bare.code).toBe(0)
  expect(readRecording(join(folder, 'bare')).rounds).toEqual([])
})
