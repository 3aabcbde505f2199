import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { PYTHON } from '../python.js'
import { writeExampleRecording } from '../recording/example-recording.js'
import { temporaryFolder } from '../temporary-folder.js'
import { PROGRAM } from '../tidemark.js'

/** By these lines an example that runs for long says that it is at work; it is interrupted then. All others have to end. */
const AT_WORK = [/^trial 1 of \d+ /m, /on http:\/\/127\.0\.0\.1:\d+$/m, /ECONNREFUSED .*; trying again$/m]

/** What examples end with: fine, an expectation not met, or too little to decide. */
const ENDS = [0, 1, 4]

describe.each(verbs())('%s --help', (verb) => {
  const examples = examplesOf(verb)

  test('has an example', () => {
    expect(examples).not.toEqual([])
  })

  test.each(examples)('its example does what it says: %s', async (example) => {
    const workspace = prepareWorkspace()
    for (const line of linesBefore(example)) await workspace.run(line)
    // Another program may have the port.
    await workspace.runUntilAtWork(example.replace('--port 8080', '--port 0'))
  })
})

function verbs(): string[] {
  const { stdout } = spawnSync(process.execPath, [PROGRAM, '--help'], { encoding: 'utf8' })
  return [...stdout.matchAll(/^ {2}([a-z]+) {2,}[A-Z]/gm)].map((match) => match[1]!)
}

function examplesOf(verb: string): string[] {
  const { stdout } = spawnSync(process.execPath, [PROGRAM, verb, '--help'], { encoding: 'utf8' })
  const [, after = ''] = stdout.split(/^Examples?:\n/m)
  return [...after.matchAll(/^ {2}(\S.*)$/gm)].map((match) => match[1]!)
}

/** What somebody has done who comes to type this. */
function linesBefore(example: string): string[] {
  if (example.includes('--resume ')) return ['tidemark compare my.memory.ts --out runs/fedavg-20260712-130509']
  if (example.includes('check runs/'))
    return [
      'tidemark compare my.memory.ts --out runs/my-20260712-130509',
      'tidemark check runs/my-20260712-130509 --baseline main.json --update-baseline',
    ]
  return example.includes('--allow-peak') ? ['tidemark check my.memory.ts --update-baseline'] : []
}

const SUITE = `import { defineComparison, federation } from 'tidemark'
export default defineComparison({
  name: 'my',
  workload: federation({ algorithm: 'fedavg', trainer: 'echo', modelSize: '1MB', rounds: 6 }),
  settings: { serverMemoryGcRounds: [0] },
  trials: 4,
})
`

/** A folder with all that examples name, and a path on which `tidemark` and `python` are. */
function prepareWorkspace(): Record<'run' | 'runUntilAtWork', (line: string) => Promise<void>> {
  const cwd = temporaryFolder()
  const write = (name: string, text: string) => writeFileSync(join(cwd, name), text)
  mkdirSync(join(cwd, 'bin'))
  mkdirSync(join(cwd, 'runs'))
  writeFileSync(join(cwd, 'bin/tidemark'), `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`, { mode: 0o755 })
  writeFileSync(join(cwd, 'bin/python'), `#!/bin/sh\nexec '${PYTHON}' "$@"\n`, { mode: 0o755 })
  for (const second of ['04', '05', '06']) writeExampleRecording(join(cwd, `tidemark-202611232043${second}`))
  const functions = readFileSync('test/fixtures/samples/mprof_profile_funcs.dat', 'utf8')
  write('mprofile_20261123204823.dat', functions.replaceAll('__main__.grow', '__main__.train'))
  const rounds = Array.from({ length: 20 }, (_, round) => `${round + 1},${100 + (round % 5)}\n`).join('')
  for (const name of ['server.csv', 'rounds.csv', 'runs/a.csv', 'runs/b.csv']) write(name, `round,rss\n${rounds}`)
  write('job.py', 'import time\nprint("Round 0 started.", flush=True)\ntime.sleep(60)\n')
  write('my.memory.ts', SUITE)
  symlinkSync(fileURLToPath(new URL('../../memory-profile', import.meta.url)), join(cwd, 'memory-profile'))
  return { run: (line) => runLine(line, cwd, []), runUntilAtWork: (line) => runLine(line, cwd, AT_WORK) }
}

/** Ends what says that it is at work by one of these signs, with the terminal's Ctrl-C. */
async function runLine(line: string, cwd: string, signs: readonly RegExp[]): Promise<void> {
  const shell = spawn('bash', ['-c', line], {
    cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', PATH: `${join(cwd, 'bin')}${delimiter}${process.env.PATH}` },
  })
  onTestFinished(() => endGroup(shell, 'SIGKILL'))
  let text = ''
  let isInterrupted = false
  for (const stream of [shell.stdout, shell.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => {
      text += part
      if (isInterrupted || !signs.some((sign) => sign.test(text))) return
      isInterrupted = true
      endGroup(shell, 'SIGINT')
    })
  const [code, signal] = (await once(shell, 'close')) as [number | null, NodeJS.Signals | null]
  if (isInterrupted) expect(code ?? signal, text).toSatisfy((end) => end === 130 || end === 'SIGINT')
  else expect(ENDS, text).toContain(code)
}

function endGroup({ pid, exitCode, signalCode }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, signal)
}
