import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { leaveOutWithout } from '../optional-parts.js'
import { PYTHON } from '../python.js'
import { writeExampleRecording } from '../recording/example-recording.js'
import { temporaryFolder } from '../temporary-folder.js'
import { PROGRAM } from '../tidemark.js'

/** By these lines an example that runs for long says that it is at work; it is interrupted then. All others have to end. */
const AT_WORK = [/^trial 1 of (at most )?\d+ /m, /on http:\/\/127\.0\.0\.1:\d+$/m, /ECONNREFUSED .*; trying again$/m]

/** Examples on a git repository or its history; refs, check-against, bisect, history and soak.test.ts run such lines. */
const TESTED_ELSEWHERE = /--refs |--against |^tidemark (bisect|history|soak) /

/** What examples end with: fine, an expectation not met, or too little to decide. */
const ENDS = [0, 1, 4]

/** What somebody has done who comes to type these examples. */
let past: string

const shells: ChildProcess[] = []

beforeAll(async () => {
  past = mkdtempSync(join(tmpdir(), 'tidemark-test-'))
  prepareWorkspace(past)
  for (const shard of [1, 2])
    await runLine(`tidemark compare my.memory.ts --shard ${shard}/2 --out runs/fedavg-shards/${shard}`, past, [])
  await runLine('tidemark merge runs/fedavg-shards/1 runs/fedavg-shards/2 --out runs/my-20260712-130509', past, [])
  await runLine('tidemark check runs/my-20260712-130509 --baseline main.json --update-baseline', past, [])
  cpSync(join(past, 'runs/my-20260712-130509'), join(past, 'runs/fedavg-20260712-130509'), { recursive: true })
  copyFileSync(join(past, 'main.json'), join(past, 'tidemark-baseline.json'))
})

afterAll(() => {
  for (const shell of shells) endGroup(shell, 'SIGKILL')
  rmSync(past, { recursive: true, force: true })
})

describe.each(verbs())('%s --help', (verb) => {
  const examples = examplesOf(verb)

  test('has an example', () => {
    expect(examples).not.toEqual([])
  })

  test.for(examples.filter((example) => !TESTED_ELSEWHERE.test(example)))(
    'its example does what it says: %s',
    async (example, context) => {
      if (example.includes('--probe')) leaveOutWithout(context, 'C compiler')
      const cwd = temporaryFolder()
      cpSync(past, cwd, { recursive: true })
      // Another program may have the port.
      await runLine(example.replace('--port 8080', '--port 0'), cwd, AT_WORK)
    },
  )
})

function verbs(): string[] {
  const { stdout } = spawnSync(process.execPath, [PROGRAM, '--help'], { encoding: 'utf8' })
  return [...stdout.matchAll(/^ {2}([a-z]+) {2,}[A-Z]/gm)].map((match) => match[1]!)
}

function examplesOf(verb: string): string[] {
  const { stdout } = spawnSync(process.execPath, [PROGRAM, verb, '--help'], { encoding: 'utf8' })
  const [, after = ''] = stdout.split(/^Examples?:\n/m)
  const [examples = ''] = after.split('\n\n')
  return [...examples.replaceAll(/ \\\n {4}/g, ' ').matchAll(/^ {2}(\S.*)$/gm)].map((match) => match[1]!)
}

const SUITE = `import { defineComparison, federation } from 'tidemark'
export default defineComparison({
  name: 'my',
  workload: federation({ algorithm: 'fedavg', trainer: 'echo', modelSize: '1MB', rounds: 6 }),
  settings: { serverMemoryGcRounds: [0] },
  trials: 4,
})
`

/** A folder with all that examples name, and `tidemark` and `python` in its `bin`. */
function prepareWorkspace(folder: string): void {
  const write = (name: string, text: string, mode = 0o644) => writeFileSync(join(folder, name), text, { mode })
  mkdirSync(join(folder, 'bin'))
  mkdirSync(join(folder, 'runs'))
  write('bin/tidemark', `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`, 0o755)
  write('bin/python', `#!/bin/sh\nexec '${PYTHON}' "$@"\n`, 0o755)
  for (const time of ['20260712130509', '20261123204304', '20261123204305'])
    writeExampleRecording(join(folder, `tidemark-${time}`))
  const functions = readFileSync('test/fixtures/samples/mprof_profile_funcs.dat', 'utf8')
  write('mprofile_20261123204823.dat', functions.replaceAll('__main__.grow', '__main__.train'))
  const rounds = Array.from({ length: 20 }, (_, round) => `${round + 1},${100 + (round % 5)}\n`).join('')
  write('phases.csv', `round,phase,rss\n${rounds.replaceAll(/^(\d+),(.*)$/gm, '$1,begin,100\n$1,end,$2')}`)
  for (const name of ['server.csv', 'rounds.csv', 'runs/a.csv', 'runs/b.csv']) write(name, `round,rss\n${rounds}`)
  write('nightly.csv', `time_s,rss\n${rounds.replaceAll(/^(\d+),/gm, (_, round) => `${Number(round) * 3600},`)}`)
  write('job.py', 'import time\nprint("Round 0 started.", flush=True)\ntime.sleep(3)\n')
  write('server.js', "for (let n = 1; n <= 20; n++) console.log('request ' + n)\n")
  write('my.memory.ts', SUITE)
  symlinkSync(fileURLToPath(new URL('../../suites', import.meta.url)), join(folder, 'suites'))
}

/** Ends what says that it is at work by one of these signs, with the terminal's Ctrl-C. */
async function runLine(line: string, cwd: string, signs: readonly RegExp[]): Promise<void> {
  const shell = spawn('bash', ['-c', line], {
    cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', PATH: `${join(cwd, 'bin')}${delimiter}${process.env.PATH}` },
  })
  shells.push(shell)
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
