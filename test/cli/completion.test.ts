import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { needs } from '../optional-parts.js'
import { writeExampleRecording } from '../recording/example-recording.js'
import { exampleSettings } from '../report/example-comparison.js'
import { writeExampleComparison } from '../report/write-example-comparison.js'
import { temporaryFolder } from '../temporary-folder.js'
import { PROGRAM, runTidemark } from '../tidemark.js'

const complete = async (cwd: string, ...words: string[]) => {
  const { code, stdout, stderr } = await runTidemark(['complete', '--', ...words], { cwd })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [line.split('\t')[0]!]))
}

describe('the words that may stand next', () => {
  test('verbs, jobs, options, values of an option, presets', async () => {
    const cwd = temporaryFolder()
    expect(await complete(cwd, 'comp')).toEqual(['compare', 'completion'])
    expect(await complete(cwd, 'compare', 'sc')).toEqual(['scaffold'])
    expect(await complete(cwd, 'compare', '--trainer', '')).toEqual(['sgd', 'echo'])
    expect(await complete(cwd, 'compare', '--trainer=e')).toEqual(['--trainer=echo'])
    expect(await complete(cwd, 'run', '--rounds', 'fl')).toEqual(['flower'])
    expect(await complete(cwd, 'compare', '--more-t')).toEqual(['--more-trials'])
    expect(await complete(cwd, 'completion', '')).toEqual(['bash', 'zsh', 'fish'])
  })

  test('recordings and comparisons of the folder, and of --resume comparisons alone', async () => {
    const cwd = temporaryFolder()
    writeExampleRecording(join(cwd, 'before'))
    writeExampleComparison(join(cwd, 'runs/fedavg-1'), {
      settings: exampleSettings().slice(0, 1),
      trials: 1,
      rounds: 4,
    })
    expect(await complete(cwd, 'show', '')).toEqual(['before', 'runs/fedavg-1'])
    expect(await complete(cwd, 'plot', 'be')).toEqual(['before'])
    expect(await complete(cwd, 'compare', '--resume', '')).toEqual(['runs/fedavg-1'])
  })

  test('none where files may stand, after --, and of a verb that is not there', async () => {
    const cwd = temporaryFolder()
    expect(await complete(cwd, 'plot', '-o', '')).toEqual([])
    expect(await complete(cwd, 'run', '--', 'py')).toEqual([])
    expect(await complete(cwd, 'nothing', '')).toEqual([])
  })
})

test('another shell is refused with those that there are', async () => {
  const refused = await runTidemark(['completion', 'tcsh'])
  expect(refused).toMatchObject({ code: 2, stdout: '' })
  expect(refused.stderr).toContain('completion: found the shell "tcsh", expected one of bash, zsh, fish')
})

/** A name that a shell would run, were it inserted as it is. */
const HOSTILE = 'hostile $(touch ran)'

/** A folder with `tidemark` in bin/: it completes as ours does, and writes down every other call. */
function workspace(): { cwd: string; env: NodeJS.ProcessEnv } {
  const cwd = temporaryFolder()
  mkdirSync(join(cwd, 'bin'))
  const script = `#!/bin/sh
case "$1" in
  complete|completion) exec '${process.execPath}' '${PROGRAM}' "$@" ;;
  *) printf '%s\\n' "$*" >> '${cwd}/calls' ;;
esac
`
  writeFileSync(join(cwd, 'bin/tidemark'), script)
  chmodSync(join(cwd, 'bin/tidemark'), 0o755)
  writeExampleRecording(join(cwd, 'a-recording'))
  writeExampleRecording(join(cwd, HOSTILE))
  writeFileSync(join(cwd, 'my-list.csv'), '')
  return {
    cwd,
    env: { ...process.env, PATH: `${join(cwd, 'bin')}${delimiter}${process.env.PATH}`, TERM: 'dumb', PS1: 'ready> ' },
  }
}

/** Lines typed into a real shell on a real terminal, each with its Tab keys, and the words that each call got. */
const TYPED: [keys: string, words: string][] = [
  ['tidemark compar\tfed\t--trainer ec\t', 'compare fedavg --trainer echo'],
  ['tidemark compare --trainer=ec\t', 'compare --trainer=echo'],
  ['tidemark show a-r\t', 'show a-recording'],
  ['tidemark show host\t', `show ${HOSTILE}`],
  ['tidemark run --rounds nvf\t', 'run --rounds nvflare'],
  ['tidemark plot -o my-l\t', 'plot -o my-list.csv'],
]

async function tabKeyCompletes(shell: string[], setUp: string): Promise<void> {
  const { cwd, env } = workspace()
  const pty = spawn('script', ['-qec', shell.join(' '), '/dev/null'], { cwd, env, detached: true })
  onTestFinished(() => {
    if (pty.exitCode === null && pty.pid !== undefined) process.kill(-pty.pid, 'SIGKILL')
  })
  let shown = ''
  pty.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text
  })
  const file = join(cwd, 'calls')
  const calls = () => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [])
  pty.stdin.write(`${setUp}; tidemark is ready\n`)
  await vi.waitFor(() => expect(calls(), shown).toEqual(['is ready']), { timeout: 20_000 })
  for (const [i, [keys, words]] of TYPED.entries()) {
    pty.stdin.write(`${keys}\n`)
    await vi.waitFor(() => expect(calls()[i + 1]?.trim(), shown).toBe(words), { timeout: 20_000 })
  }
  expect(existsSync(join(cwd, 'ran'))).toBe(false)
  pty.stdin.write('exit\n')
  await once(pty, 'close')
}

describe('in a shell', () => {
  test(
    'bash: the Tab key completes',
    () => tabKeyCompletes(['bash', '--norc', '--noprofile', '-i'], 'source <(tidemark completion bash)'),
    120_000,
  )

  test('zsh: the Tab key completes', { ...needs('zsh'), timeout: 120_000 }, () =>
    tabKeyCompletes(['zsh', '-f', '-i'], 'autoload -U compinit; compinit -u -D; source <(tidemark completion zsh)'),
  )

  test('fish: completes', { ...needs('fish'), timeout: 60_000 }, () => {
    const { cwd, env } = workspace()
    const ask = (line: string) => {
      const code = `tidemark completion fish | source; complete -C '${line}'`
      const { stdout, stderr } = spawnSync('fish', ['--no-config', '-c', code], { cwd, env, encoding: 'utf8' })
      expect(stderr).toBe('')
      return stdout.split('\n').flatMap((row) => (row === '' ? [] : [row.split('\t')[0]!]))
    }
    expect(ask('tidemark compar')).toEqual(['compare'])
    expect(ask('tidemark compare --trainer ec')).toEqual(['echo'])
    expect(ask('tidemark show a-r')).toEqual(['a-recording'])
    expect(ask('tidemark plot -o my-l')).toEqual(['my-list.csv'])
  })
})

test('what is typed is never run by a completion', () => {
  const { cwd, env } = workspace()
  const line = 'tidemark compare --command $(touch ran) '
  const code = `source <(tidemark completion bash)
COMP_LINE='${line}'; COMP_POINT=\${#COMP_LINE}; COMP_WORDS=(tidemark compare --command '$(touch ran)' ''); COMP_CWORD=4
_tidemark; echo "done"`
  const { stdout } = spawnSync('bash', ['--norc', '-c', code], { cwd, env, encoding: 'utf8' })
  expect(stdout).toBe('done\n')
  expect(existsSync(join(cwd, 'ran'))).toBe(false)
})
