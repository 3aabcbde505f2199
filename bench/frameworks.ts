/**
 * The comparison that the project was started for, on the real frameworks: does the memory of an FL server grow, saw-tooth or
 * stay flat with `server_memory_gc_rounds` 0, 5 and 1? NVFlare 2.9 in its simulator (FedAvg with and without MALLOC_ARENA_MAX=4;
 * SCAFFOLD, Cyclic and Swarm with it, as NVFlare's start scripts export it), Flower 1.42, and Tidemark's own runtime beside them.
 *
 *     scripts/frameworks.sh && npm run build && npx jiti bench/frameworks.ts run WORK [PART ...]
 *     npx jiti bench/frameworks.ts cleanup WORK
 *     npx jiti bench/frameworks.ts report WORK
 *
 * `run` runs what the folder WORK lacks, part after part: a part is one trial of every setting of a family, so that each family has
 * a trial before any has two. A part that was stopped is resumed. WORK/PART.json says how it went, with the load of the machine.
 * `cleanup` times the two steps of NVFlare's own cleanup inside the server, ten rounds with and without MALLOC_ARENA_MAX=4.
 * `report` joins what there is and writes bench/results/frameworks.md and its figures; what is missing is called missing.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Family, families, partsInOrder } from './frameworks/families.js'
import { readLoad } from './frameworks/load.js'
import { frameworksReport } from './frameworks/report.js'

const root = resolve(import.meta.dirname, '..')
const tidemark = [process.execPath, join(root, 'dist/cli/main.js')]
const [verb, folder, ...wanted] = process.argv.slice(2)
if (!['run', 'cleanup', 'report'].includes(verb ?? '') || folder === undefined) {
  console.error('Usage: npx jiti bench/frameworks.ts run WORK [PART ...], cleanup WORK, or report WORK')
  process.exit(2)
}
const work = resolve(folder)
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tidemark/frameworks')
const known = families({ root, work, cache })
if (verb === 'run') await runParts()
else if (verb === 'cleanup') timeCleanups()
else report()

async function runParts(): Promise<void> {
  mkdirSync(work, { recursive: true })
  for (const part of partsInOrder(known)) {
    if (wanted.length > 0 && !wanted.includes(part.name)) continue
    if (isDone(part.name)) continue
    await runPart(part.family, part.name, part.block)
  }
}

function isDone(name: string): boolean {
  const file = join(work, `${name}.json`)
  return existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).state === 'done'
}

async function runPart(family: Family, name: string, block: number): Promise<void> {
  const definition = join(work, `${family.name}.memory.json.mjs`)
  writeFileSync(definition, `export default ${JSON.stringify(family.definition, null, 2)}\n`)
  const out = join(work, name)
  const isStarted = existsSync(join(out, 'comparison.json'))
  if (!isStarted) rmSync(out, { recursive: true, force: true })
  const order = isStarted ? ['--resume', out] : ['--shard', `${block}/${family.trials}`, '--out', out]
  const command = [...tidemark, 'compare', ...(isStarted ? [] : [definition]), ...order]
  const startedMs = Date.now()
  console.log(`${new Date().toISOString()} ${name}: ${command.slice(1).join(' ')}`)
  const log = openSync(join(work, `${name}.log`), 'a')
  const load: ReturnType<typeof readLoad>[] = []
  const timer = setInterval(() => load.push(readLoad()), 5000)
  const child = spawn(command[0]!, command.slice(1), { cwd: work, env: environment(), stdio: ['ignore', log, log] })
  const pass = (signal: NodeJS.Signals) => child.kill(signal)
  process.on('SIGINT', pass).on('SIGTERM', pass)
  const [code] = await once(child, 'close')
  process.off('SIGINT', pass).off('SIGTERM', pass)
  clearInterval(timer)
  // 1 and 4 are verdicts; 3 says that a trial failed, which is a result too.
  const state = [0, 1, 3, 4].includes(code as number) ? 'done' : 'stopped'
  writeFileSync(
    join(work, `${name}.json`),
    `${JSON.stringify({ part: name, family: family.name, block, state, exitCode: code, command, startedMs, endedMs: Date.now(), load })}\n`,
  )
  console.log(`${new Date().toISOString()} ${name}: exit code ${code}`)
  if (state === 'stopped') process.exit(1)
}

function timeCleanups(): void {
  mkdirSync(work, { recursive: true })
  for (const arenas of ['unset', '4']) {
    const file = join(work, `cleanup-times-${arenas}.txt`)
    rmSync(file, { force: true })
    const options = ['--gc', '1', '--rounds', '10', '--mib', '4', '--workspace', join(work, 'cleanup-workspace')]
    const job = join(root, 'test/fixtures/frameworks/nvflare/job.py')
    const env = { ...environment(), CLEANUP_TIMES: file, ...(arenas === '4' && { MALLOC_ARENA_MAX: '4' }) }
    const ran = spawnSync(join(cache, 'nvflare-2.9/bin/python'), [job, ...options], { env, encoding: 'utf8' })
    if (ran.status !== 0) throw new Error(`the job failed: ${ran.stdout}${ran.stderr}`)
  }
}

/** The frameworks send no usage reports. */
function environment(): NodeJS.ProcessEnv {
  const { MALLOC_ARENA_MAX: _, ...own } = process.env
  return { ...own, FLWR_TELEMETRY_ENABLED: '0', RAY_USAGE_STATS_ENABLED: '0', FLWR_HOME: join(work, 'flwr-home') }
}

function report(): void {
  const results = join(root, 'bench/results')
  const { text, figures } = frameworksReport(known, { work, tidemark, isDone })
  writeFileSync(join(results, 'frameworks.md'), text)
  const target = join(results, 'frameworks')
  rmSync(target, { recursive: true, force: true })
  mkdirSync(target, { recursive: true })
  for (const { from, name } of figures) cpSync(from, join(target, name))
}
