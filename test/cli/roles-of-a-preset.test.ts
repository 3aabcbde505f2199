import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readRecording } from '../../src/recording/storage/read-recording.js'
import { PYTHON } from '../python.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark } from '../tidemark.js'

/** Three processes of one line, as NVFlare's simulator has: one of them starts the clients and grows. */
const SIMULATOR = `
import os, subprocess, sys, time
def work():
    clients = [subprocess.Popen([sys.executable, os.environ['CLIENT'], str(i)]) for i in range(2)]
    kept = []
    for i in range(4):
        print(f'Round {i} started.', flush=True)
        kept.append(bytearray(30 << 20))
        time.sleep(0.4)
    print('Finished FedAvg.', flush=True)
    for client in clients: client.wait()
manager = os.fork()
if manager == 0:
    time.sleep(1.5)
    os._exit(0)
server = os.fork()
if server == 0:
    work()
    os._exit(0)
os.waitpid(server, 0)
os.waitpid(manager, 0)
`

/** A SuperLink that stays, and in each round a client that lives for less than it. */
const APP = `
import subprocess, sys, time
link = subprocess.Popen([sys.executable, sys.argv[1], '2.5'])
time.sleep(0.4)
for i in range(1, 4):
    print(f'[ROUND {i}/3]', flush=True)
    subprocess.run([sys.executable, sys.argv[2], '0.25', str(20 * i)])
    time.sleep(0.2)
print('Strategy execution finished in 1.0s', flush=True)
link.wait()
`
const LIVES = `
import sys, time
held = bytearray(int(sys.argv[2]) << 20) if len(sys.argv) > 2 else b''
time.sleep(float(sys.argv[1]))
`

function program(folder: string, name: string, text: string): string {
  const file = join(folder, name)
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, text)
  chmodSync(file, 0o755)
  return file
}

async function record(args: string[], env: Record<string, string> = {}) {
  const folder = join(temporaryFolder(), 'recording')
  const { code, stderr } = await runTidemark(['run', '--out', folder, ...args], { env })
  expect(code, stderr).toBe(0)
  return { stderr, recording: readRecording(folder) }
}

test('of the forks of a simulator only the one that starts clients is the server, in run as in compare', async () => {
  const folder = temporaryFolder()
  const simulator = program(folder, 'nvflare.private.fed.app.simulator.simulator', SIMULATOR)
  const client = program(folder, 'simulator_worker', 'import time; time.sleep(1.7)')
  const command = [PYTHON, simulator, 'job']
  const env = { CLIENT: client }
  const { recording, stderr } = await record(['--rounds', 'nvflare', '--', ...command], env)
  const server = recording.head.processes.filter(({ role }) => role === 'server')
  expect(server).toHaveLength(1)
  expect(server[0]!.peakBytes).toBeGreaterThan(4 * 30 * 2 ** 20)
  expect(recording.head.processes.filter(({ role }) => role === 'client')).toHaveLength(2)
  expect(stderr).toMatch(/^rounds by role, memory in MiB:\nround {2}role/m)
  expect(stderr).toMatch(/^ +4 {2}server +\d+\.\d +exact/m)
  expect(stderr).toMatch(/^ +4 {2}client, highest of 2 /m)

  const out = join(temporaryFolder(), 'comparison')
  const compared = await runTidemark(
    ['compare', '--command', command.join(' '), '--rounds', 'nvflare', '--trials', '1', '--out', out],
    { cwd: folder, env },
  )
  expect(compared.stderr + compared.stdout).toContain('trial 1 of 1')
  const trial = readRecording(join(out, 'trials/0001-as_it_is'))
  expect(trial.head.processes.filter(({ role }) => role === 'server')).toHaveLength(1)
})

test('a peak by round and role has processes in it that began and ended within the round', async () => {
  const folder = temporaryFolder()
  const link = program(folder, 'flower-superlink', LIVES)
  const client = program(folder, 'flwr-clientapp', LIVES)
  const app = program(folder, 'flwr-serverapp', APP)
  const { recording, stderr } = await record(['--rounds', 'flower', '--rate', '50', '--', PYTHON, app, link, client])
  expect(recording.rounds.filter(({ role }) => role === 'client')).toEqual([])
  for (const round of [1, 2, 3]) {
    const row = new RegExp(`^ +${round} {2}client +(\\d+\\.\\d) +exact +-`, 'm').exec(stderr)
    expect(Number(row?.[1]), stderr).toBeGreaterThan(20 * round)
    expect(Number(row?.[1])).toBeLessThan(20 * round + 18)
  }
  expect(stderr).not.toMatch(/^ +1 {2}process/m)
})

test('where a program writes marks and prints what --rounds finds, rounds are those of the marks, and one warning says so', async () => {
  const script = `
    for i in 0 1 2; do
      echo '{"mark":"round-start","round":'$((i + 1))'}' >> "$TIDEMARK_MARKS"
      echo "Round $i started."
      sleep 0.2
      echo '{"mark":"round","round":'$((i + 1))'}' >> "$TIDEMARK_MARKS"
    done
    echo "Finished FedAvg."
    sleep 0.4
    true # or bash would become the sleep itself`
  const { recording, stderr } = await record(['--rounds', 'nvflare', '--', 'bash', '-c', script])
  const bash = recording.rounds.filter(({ name }) => name === 'bash')
  expect(bash.map(({ round }) => round)).toEqual([1, 2, 3])
  expect(stderr.match(/rounds are theirs/g)).toHaveLength(1)
})
