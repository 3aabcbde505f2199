import { existsSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { ComparisonPlan } from '../../../comparison/plan/plan.js'
import { assertShardable } from '../../../comparison/plan/shard.js'
import { judgedRoles } from '../../../comparison/trial/judged-roles.js'
import { submitOptions } from '../../../options/comparison.js'
import type { OptionValues } from '../../../options/types/spec.js'
import { kubernetesJob } from '../../../report/cluster/kubernetes-job.js'
import { type MemoryNeed, memoryNeed, type ShardedJob } from '../../../report/cluster/sharded-job.js'
import { slurmScript } from '../../../report/cluster/slurm-script.js'
import { suggestWord } from '../../../shared/did-you-mean.js'
import { messageOf, UsageError } from '../../../shared/errors.js'
import { plannedRuns } from '../../comparison-runs.js'
import type { Command, CommandInput } from '../../parsing/command.js'
import { parseCommandLine } from '../../parsing/parse-command-line.js'
import { command as compareCommand } from '../measure/compare.js'

export const command: Command = {
  verb: 'submit',
  summary: 'Write a Slurm job array or a Kubernetes Indexed Job that runs a comparison on many machines.',
  description: [
    'The arguments of tidemark compare follow --. Its trials are split into --shards parts. Each part is a task of the',
    'array or a pod, which reads its number from SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX. All processes of a trial',
    'run in one part, so its memory limit is the sum of --memory over the processes of each role, plus 512 MiB for',
    'Tidemark itself.',
    '',
    'Nothing is submitted: the file is written to standard output or to -o FILE. When all parts have ended, tidemark',
    'merge joins their folders.',
  ].join('\n'),
  arguments: '[arguments...]',
  options: submitOptions,
  examples: [
    'tidemark submit --slurm --shards 4 --memory server=4GiB --memory client=1GiB -o job.sh -- fedavg --trials 8',
    'tidemark submit --kubernetes --shards 4 --image registry.example/job:1 -- fedavg --trials 8',
  ],
  run: runSubmit,
}

type Options = OptionValues<typeof submitOptions>

async function runSubmit({ arguments: compareArguments, options, given }: CommandInput): Promise<number> {
  const asked = options as Options
  assertOneKind(asked)
  const other = (asked.slurm ? (['image', 'claim'] as const) : (['results'] as const)).find((key) => given.has(key))
  if (other !== undefined)
    throw new UsageError(`submit: --${other} means nothing to --${asked.slurm ? 'slurm' : 'kubernetes'}`, {
      fix: 'Leave it out.',
    })
  const { name, plans } = await comparisonsOf(compareArguments)
  for (const { trials } of plans) assertShardable(trials, { index: 1, of: asked.shards })
  const job: ShardedJob = {
    name: name.toLowerCase().replaceAll(/[^a-z0-9-]+/g, '-'),
    shards: asked.shards,
    cores: asked.cores,
    compareArguments,
    memory: memoryOf(plans, asked.memory),
  }
  const folder = process.cwd()
  const results = asked.results ?? join('runs', `${name}-shards`)
  const text = asked.slurm
    ? slurmScript(job, { folder, results })
    : kubernetesJob(job, { image: asked.image!, claim: asked.claim })
  write(text, asked)
  return 0
}

function assertOneKind({ slurm, kubernetes, image }: Options): void {
  if (slurm === kubernetes)
    throw new UsageError(
      `submit: found ${slurm ? '--slurm and --kubernetes' : 'neither --slurm nor --kubernetes'}, expected one of them`,
      { fix: 'For example: tidemark submit --slurm --shards 4 -- fedavg' },
    )
  if (kubernetes && image === undefined)
    throw new UsageError('submit: --kubernetes needs --image: what the pods run, with tidemark on its path', {
      fix: 'For example: --image registry.example/job:1',
    })
}

/** Plans the comparisons here, with the same code that checks them on the nodes. */
async function comparisonsOf(compareArguments: string[]): Promise<{ name: string; plans: ComparisonPlan[] }> {
  const input = parseCommandLine(compareCommand, compareArguments, {})
  if (input === 'help')
    throw new UsageError('submit: found --help among the arguments of compare', { fix: 'tidemark compare --help' })
  const foreign = ['out', 'shard', 'resume', 'json'].filter((key) => input.given.has(key))
  if (foreign.length > 0)
    throw new UsageError(
      `submit: found --${foreign.join(', --')} after --, which the file that is written sets itself`,
      {
        fix: 'Leave it out.',
      },
    )
  const plans = (await plannedRuns({ ...input, verb: 'submit' })).map(({ plan }) => plan)
  return { name: plans.length === 1 ? plans[0]!.name : basename(input.arguments[0] ?? 'config'), plans }
}

/** Returns the most memory that a part needs. Its comparisons run one after the other. */
function memoryOf(plans: readonly ComparisonPlan[], given: Options['memory']): MemoryNeed {
  const known = new Set(plans.flatMap((plan) => Object.keys(processesOf(plan))))
  for (const { role } of given)
    if (!known.has(role))
      throw new UsageError(`--memory: ${plans.map(({ name }) => name).join(', ')} has no role "${role}"`, {
        fix: suggestWord(role, [...known]),
      })
  const needs = plans.map((plan) => {
    const processes = processesOf(plan)
    const own = given.filter(({ role }) => processes[role] !== undefined)
    return memoryNeed(own.map(({ role, bytes }) => ({ role, bytes, processes: processes[role]! })))
  })
  return needs.reduce((most, need) => (need.totalBytes > most.totalBytes ? need : most))
}

/**
 * Returns the number of processes of each role in a trial. For a command, each role counts as one.
 */
function processesOf({ workload, judge }: ComparisonPlan): Record<string, number> {
  if (workload.kind === 'command') {
    const roles = workload.role === null ? judgedRoles(judge) : Object.keys(workload.role)
    return Object.fromEntries(roles.map((role) => [role, 1]))
  }
  const clients = Number(workload.job.clients)
  return workload.job.algorithm === 'swarm' ? { coordinator: 1, peer: clients } : { server: 1, client: clients }
}

function write(text: string, { out, force }: Options): void {
  if (out === undefined) {
    process.stdout.write(text)
    return
  }
  if (existsSync(out) && !force)
    throw new UsageError(`${out} is there already`, { fix: 'Name another file with -o, or replace it with --force.' })
  try {
    writeFileSync(out, text)
  } catch (error) {
    throw new UsageError(`cannot write ${out}: ${messageOf(error)}`, {
      fix: 'Name a file in a folder that exists and can be written to: -o FILE',
      cause: error,
    })
  }
  process.stdout.write(`${out}\n`)
}
