import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { jobOptions, memoryOptions, roundOptions, trainingOptions } from '../../options/federation.js'
import { isAlgorithmFile, peerOptions, serverOptions, swarmOptions } from '../../options/roles.js'
import { defaultValues, flagsOf, type OptionTable } from '../../options/types/spec.js'
import type { Setting } from '../../results/setting.js'
import { clientNames } from '../plan/assert-job.js'
import { federationOptions } from '../plan/federation-options.js'
import type { FederationPlan } from '../plan/plan.js'
import { settingEnvironment } from '../plan/setting-environment.js'
import type { ProcessStarter, Workload } from './workload.js'

const { serverMemoryGcRounds, clientMemoryGcRounds, memoryGcRounds } = memoryOptions

/** Options on the command line of each role; the server sends its clients the rest of the job. */
const SERVER_OPTIONS: OptionTable = {
  algorithm: serverOptions.algorithm,
  algorithmOptions: federationOptions.algorithmOptions,
  aggregation: serverOptions.aggregation,
  ...jobOptions,
  ...trainingOptions,
  ...roundOptions,
  serverMemoryGcRounds,
}
const CLIENT_OPTIONS: OptionTable = { clientMemoryGcRounds }
const COORDINATOR_OPTIONS: OptionTable = { ...jobOptions, ...trainingOptions, ...roundOptions, ...swarmOptions }
const PEER_OPTIONS: OptionTable = { memoryGcRounds, aggregation: peerOptions.aggregation }

/**
 * Options that describe a job at a glance; others are listed only if they differ from the default.
 */
const HEADLINE = ['algorithm', 'rounds', 'clients', 'model', 'modelSize', 'trainer']

/** Time for clients to end on their own after the server has ended well. */
const SHUTDOWN_GRACE_MS = 10_000

/**
 * Makes the workload of our own runtime: `tidemark server`, then its clients, or `tidemark
 * coordinator`, then its peers, started as a user would start them.
 */
export function federationWorkload({ job }: FederationPlan, seed: number): Workload {
  return {
    job: headline(job),
    rounds: Number(job.rounds),
    tree: null,
    asked: null,
    isOneRound: false,
    timeoutMs: null,
    farewellMs: SHUTDOWN_GRACE_MS,
    check: (settings) => {
      for (const { values } of settings) settingEnvironment(values)
    },
    probe: () => null,
    start: (stage, setting, { probeEvery }) => {
      const own = { ...job, ...setting.values, seed }
      return job.algorithm === 'swarm'
        ? startSwarm(stage, own, setting)
        : startServerAndClients(stage, own, { ...setting, probeEvery })
    },
    // The server itself reports its allocator; its variables are the ones that it was launched
    // with.
    expectedRuntime: ({ values }) => ({
      allocator: values.allocator === undefined ? null : String(values.allocator),
      environment: {},
    }),
    steps: () => ({ setup: null, teardown: null }),
  }
}

async function startServerAndClients(
  stage: ProcessStarter,
  job: Setting['values'],
  setting: Setting & { probeEvery: number | undefined },
): Promise<void> {
  const probing = setting.probeEvery === undefined ? {} : { TIDEMARK_PROBE_EVERY: String(setting.probeEvery) }
  const token = { TIDEMARK_TOKEN: randomBytes(16).toString('hex') }
  await stage.start({
    role: 'server',
    name: 'server',
    command: tidemark('server', flags(SERVER_OPTIONS, job)),
    environment: { ...token, TIDEMARK_ATTRIBUTION: '1', ...probing, ...settingEnvironment(setting.values) },
    owned: true,
  })
  const { url } = await stage.waitForMark('server', 'ready')
  const ownFile = isAlgorithmFile(String(job.algorithm)) ? ['--algorithm', String(job.algorithm)] : []
  for (const name of clientNames(Number(job.clients))) {
    await stage.start({
      role: 'client',
      name,
      command: tidemark('client', ['--server', String(url), '--name', name, ...ownFile, ...flags(CLIENT_OPTIONS, job)]),
      environment: token,
      owned: true,
    })
  }
}

/**
 * Starts the coordinator, then its peers. The peers are judged, so they get the setting's
 * environment.
 */
async function startSwarm(stage: ProcessStarter, job: Setting['values'], setting: Setting): Promise<void> {
  const token = { TIDEMARK_TOKEN: randomBytes(16).toString('hex') }
  await stage.start({
    role: 'coordinator',
    name: 'coordinator',
    command: tidemark('coordinator', flags(COORDINATOR_OPTIONS, job)),
    environment: token,
    owned: true,
  })
  const { url } = await stage.waitForMark('coordinator', 'ready')
  for (const name of clientNames(Number(job.clients))) {
    await stage.start({
      role: 'peer',
      name,
      command: tidemark('peer', ['--coordinator', String(url), '--name', name, ...flags(PEER_OPTIONS, job)]),
      environment: { ...token, TIDEMARK_ATTRIBUTION: '1', ...settingEnvironment(setting.values) },
      owned: true,
    })
  }
}

function headline(job: FederationPlan['job']): FederationPlan['job'] {
  const defaults: Record<string, unknown> = defaultValues(federationOptions, job.algorithm)
  const others = Object.keys(federationOptions).filter(
    (key) =>
      !HEADLINE.includes(key) &&
      job[key] !== undefined &&
      job[key] !== defaults[key] &&
      key !== 'serverMemoryGcRounds' &&
      key !== 'memoryGcRounds',
  )
  return Object.fromEntries([...HEADLINE, ...others].map((key) => [key, job[key]!]))
}

/** Returns the command line of this very program as installed, under the same Node. */
function tidemark(verb: string, args: readonly string[]): string[] {
  return [process.execPath, fileURLToPath(new URL('../../cli/main.js', import.meta.url)), verb, ...args]
}

/**
 * Passes every option by name, so that a variable of the user's shell cannot change one trial's
 * job.
 */
function flags(table: OptionTable, job: Setting['values']): string[] {
  return Object.entries(table).flatMap(([key, spec]) => flagsOf(spec, job[key]))
}
