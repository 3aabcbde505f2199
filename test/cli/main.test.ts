import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { runTidemark } from '../tidemark.js'

test('--version prints the version of the package', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
  expect(await runTidemark(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' })
})

test('--help lists the verbs, and help VERB is VERB --help', async () => {
  const overview = await runTidemark(['--help'])
  expect(overview).toMatchObject({ code: 0, stderr: '' })
  expect(overview.stdout).toMatch(/^ {2}compare +Compare memory settings/m)
  const help = await runTidemark(['help', 'compare'])
  expect(help).toMatchObject({ code: 0, stderr: '' })
  expect(help).toEqual(await runTidemark(['compare', '--help']))
})

describe('wrong usage ends with exit code 2, what was found, what would be right, and no stack', () => {
  test.each([
    [[], 'tidemark: no verb was given\n'],
    [['compar'], 'tidemark: there is no verb "compar"\n  Did you mean "compare"? tidemark --help lists them.\n'],
    [['compare'], 'tidemark: compare: no job was named, and this folder has no tidemark.config.ts (or .mjs, .json)\n'],
    [
      ['compare', 'fedavg', 'scaffold'],
      'tidemark: compare: too many arguments. Expected 1 argument but got 2.\n  tidemark compare --help shows the options.\n',
    ],
    [['compare', 'fedavgg'], 'tidemark: there is no algorithm, file or folder "fedavgg"\n  Did you mean "fedavg"?\n'],
    [
      ['compare', 'fedavg', '--round', '3'],
      "tidemark: compare: unknown option '--round'\n  Did you mean --rounds? tidemark compare --help shows the options.\n",
    ],
    [
      ['compare', 'fedavg', '--rounds'],
      "tidemark: compare: option '--rounds <N|PRESET|PATTERN>' argument missing\n  tidemark compare --help shows the options.\n",
    ],
    [
      ['compare', 'fedavg', '--rounds', '2.5'],
      'tidemark: --rounds: found "2.5", expected a whole number from 1 to 1000000\n',
    ],
    [['compare', 'fedavg', '--rounds', '-1'], 'tidemark: --rounds: found "-1", expected a whole number from 1'],
    [
      ['compare', 'fedavg', '--model-size', '50 parsecs'],
      'tidemark: --model-size: found "50 parsecs", expected a size such as 50MB',
    ],
    [
      ['compare', 'fedavg', '--server-memory-gc-rounds', '0,5,x'],
      'tidemark: --server-memory-gc-rounds: found "0,5,x", expected a comma-separated list, each a whole number of at least 0, none twice\n',
    ],
    [['compare', 'fedavg', '--server-memory-gc-rounds', '1,1'], 'tidemark: --server-memory-gc-rounds: found "1,1"'],
    [
      ['compare', 'fedavg', '--arena-max', 'unset,0'],
      'tidemark: --arena-max: found "unset,0", expected a comma-separated list, each a whole number from 1 to 10000 or "unset", none twice\n',
    ],
    [['compare', 'fedavg', '--trainer', 'adam'], 'tidemark: --trainer: found "adam", expected one of sgd, echo\n'],
    [
      ['compare', 'fedavg', '--resume', 'runs/x', '--rounds', '3'],
      'tidemark: compare: --resume continues what runs/x was started for; found "fedavg", --rounds as well\n',
    ],
  ])('tidemark %j', async (args, message) => {
    const finished = await runTidemark(args)
    expect(finished).toMatchObject({ code: 2, stdout: '' })
    expect(finished.stderr.slice(0, message.length)).toBe(message)
    expect(finished.stderr).not.toMatch(/^ +at /m)
  })

  test('a variable of the environment is named as such', async () => {
    const finished = await runTidemark(['compare', 'fedavg'], { env: { TIDEMARK_TRIALS: 'three' } })
    expect(finished).toMatchObject({ code: 2, stdout: '' })
    expect(finished.stderr).toMatch(
      /^tidemark: TIDEMARK_TRIALS: found "three", expected a whole number from 1 to 1000\n/,
    )
  })
})

test('the stack is there for who asks', async () => {
  const finished = await runTidemark(['compar'], { env: { TIDEMARK_DEBUG: '1' } })
  expect(finished.stderr).toMatch(/^ +at .*verbs/m)
})
