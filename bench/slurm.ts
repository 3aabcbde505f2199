/**
 * Whether the script of `tidemark submit --slurm` does on a real Slurm what it should: a controller and a node on this machine alone (Debian's
 * slurm-wlm, as root, without munge and cgroups), the script handed to sbatch as it was written, the parts merged. Prints Markdown:
 *
 *     npm run build && npx jiti bench/slurm.ts > bench/results/slurm.md
 *
 * Half a minute. It judges what came out and no times.
 */
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { hostname } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Comparison } from '../src/results/comparison.js'
import { Goals } from './support/goals.js'
import { PROGRAM, PYTHON, pause, scratchFolder } from './support/processes.js'

const SHARDS = 2
const TRIALS = 3
const folder = scratchFolder()
const at = (name: string) => join(folder, name)

const version = spawnSync('slurmctld', ['-V'], { encoding: 'utf8' })
if (version.error !== undefined || process.getuid?.() !== 0) {
  console.log('Left out: it needs root and slurmctld, slurmd and sbatch (on Debian: apt-get install slurm-wlm).')
  process.exit(0)
}

writeFileSync(
  at('job.py'),
  'import time\nfor n in (1, 2):\n    print(f"Round {n} done", flush=True)\n    time.sleep(0.05)\ntime.sleep(0.2)\n',
)
mkdirSync(at('bin'))
writeFileSync(at('bin/tidemark'), `#!/bin/sh\nexec ${process.execPath} ${PROGRAM} "$@"\n`, { mode: 0o755 })
const { SLURM_ARRAY_TASK_ID: _, ...own } = process.env
const env = { ...own, SLURM_CONF: at('slurm.conf'), PATH: `${at('bin')}${delimiter}${process.env.PATH}` }
await startSlurm()

const job = [
  '--command',
  `${PYTHON} job.py {how}`,
  '-L',
  'how',
  'a,b',
  '--rounds',
  'end:Round (\\d+) done',
  '--trials',
  String(TRIALS),
]
const submit = [
  'submit',
  '--slurm',
  '--shards',
  String(SHARDS),
  '--memory',
  'server=1GiB',
  '--results',
  'parts',
  '-o',
  'job.sh',
]
check(run('tidemark', [...submit, '--', ...job]))
const array = run('sbatch', ['--wait', 'job.sh'])
const merged = run('tidemark', ['merge', 'parts/1', 'parts/2', '--out', 'whole'])

const read = (of: string) => JSON.parse(readFileSync(at(`${of}/comparison.json`), 'utf8')) as Comparison
const whole = merged.status === 0 ? read('whole') : undefined
const completed = whole?.trials.filter(({ state }) => state === 'completed').length ?? 0
console.log(`${version.stdout.trim()}, one controller and one node on this machine.\n`)
console.log('```')
console.log(readFileSync(at('job.sh'), 'utf8').trim().replaceAll(folder, '.'))
console.log('```')
const goals = new Goals()
goals.add('sbatch takes the script, and both tasks of the array end well', says(array), array.status === 0)
goals.add('tidemark merge joins what they left', says(merged), merged.status === 0)
goals.add(
  'every trial ran once',
  `${completed} of ${2 * TRIALS} completed`,
  completed === 2 * TRIALS && whole?.trials.length === 2 * TRIALS,
)
goals.print()
process.exit()

/** Both end with us. */
async function startSlurm(): Promise<void> {
  for (const name of ['state', 'spool']) mkdirSync(at(name))
  writeFileSync(at('slurm.conf'), await configuration())
  for (const daemon of ['slurmctld', 'slurmd']) {
    const child = spawn(daemon, ['-D', '-f', at('slurm.conf')], { stdio: 'ignore', env })
    process.on('exit', () => void child.kill('SIGKILL'))
  }
  for (let looked = 0; !run('sinfo', ['-h', '-o', '%t']).stdout.includes('idle'); looked++) {
    if (looked === 120) throw new Error(`Slurm did not start:\n${readFileSync(at('ctld.log'), 'utf8').slice(-2000)}`)
    await pause(500)
  }
}

async function configuration(): Promise<string> {
  return `ClusterName=one
SlurmctldHost=${hostname()}(127.0.0.1)
AuthType=auth/none
CredType=cred/none
SlurmUser=root
SlurmdUser=root
SlurmctldPort=${await freePort()}
SlurmdPort=${await freePort()}
StateSaveLocation=${at('state')}
SlurmdSpoolDir=${at('spool')}
SlurmctldPidFile=${at('ctld.pid')}
SlurmdPidFile=${at('d.pid')}
SlurmctldLogFile=${at('ctld.log')}
SlurmdLogFile=${at('d.log')}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
NodeName=${hostname()} NodeAddr=127.0.0.1 CPUs=2 RealMemory=4000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((listening) => server.once('listening', listening))
  const { port } = server.address() as AddressInfo
  await new Promise((closed) => server.close(closed))
  return port
}

function run(program: string, args: string[]): SpawnSyncReturns<string> {
  return spawnSync(program, args, { cwd: folder, encoding: 'utf8', env, timeout: 120_000 })
}

function check(run: SpawnSyncReturns<string>): void {
  if (run.status !== 0) throw new Error(run.stderr)
}

function says({ status, stdout, stderr }: SpawnSyncReturns<string>): string {
  return status === 0 ? 'exit code 0' : `exit code ${status}: ${(stderr || stdout).trim().split('\n')[0]}`
}
