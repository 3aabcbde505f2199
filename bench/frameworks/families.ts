import { join } from 'node:path'

/** One job with all its settings. Its parts are blocks of its schedule, each with one trial of every setting. */
export interface Family {
  name: string
  title: string
  trials: number
  rounds: number
  /** A definition of a comparison as plain data. */
  definition: Record<string, unknown>
}

export interface Part {
  name: string
  family: Family
  block: number
}

const ROUNDS = 20
/** Rounds of the jobs that tell where growth ends. */
const MANY_ROUNDS = 100
const GC_ROUNDS = [0, 5, 1]
/** What a trial may take on a machine with other work. */
const TIMEOUT = '25m'

interface Job {
  algorithm: string
  tensors?: number
  mib?: number
  rounds?: number
}

interface Places {
  root: string
  work: string
  cache: string
}

export function families({ root, work, cache }: Places): Family[] {
  const job = join(root, 'test/fixtures/frameworks/nvflare/job.py')
  const nvflare = ({ algorithm, tensors = 25, mib = 4, rounds = ROUNDS }: Job) => ({
    kind: 'command',
    command: [
      join(cache, 'nvflare-2.9/bin/python'),
      job,
      ...['--algorithm', algorithm, '--gc', '{serverMemoryGcRounds}', '--rounds', String(rounds)],
      ...['--tensors', String(tensors), '--mib', String(mib), '--workspace', join(work, 'nvflare-workspace')],
    ],
    rounds: 'nvflare',
    // Three processes of the simulator have this line; the largest is judged, and it is the server.
    role: { server: 'simulator\\.simulator ', client: 'simulator_worker' },
    expectedRounds: rounds,
    timeout: TIMEOUT,
    setup: ['rm', '-rf', join(work, 'nvflare-workspace')],
  })
  const fedavg = (name: string, title: string, model: { tensors: number; mib: number }): Family => ({
    name,
    title,
    trials: 4,
    rounds: ROUNDS,
    definition: {
      name,
      workload: nvflare({ algorithm: 'fedavg', ...model }),
      settings: { serverMemoryGcRounds: GC_ROUNDS, arenaMax: ['unset', 4] },
      trials: 4,
      judge: 'server:largest',
    },
  })
  const other = (algorithm: string, title: string, judge = 'server'): Family => ({
    name: `nvflare-${algorithm}`,
    title: `NVFlare 2.9 ${title}, 25 x 4 MiB`,
    trials: 3,
    rounds: ROUNDS,
    definition: {
      name: `nvflare-${algorithm}`,
      workload: nvflare({ algorithm }),
      settings: { serverMemoryGcRounds: GC_ROUNDS, arenaMax: [4] },
      trials: 3,
      judge: `${judge}:largest`,
    },
  })
  const long: Family = {
    name: 'nvflare-fedavg-long',
    title: `NVFlare 2.9 FedAvg, 25 x 4 MiB, ${MANY_ROUNDS} rounds`,
    trials: 1,
    rounds: MANY_ROUNDS,
    definition: {
      name: 'nvflare-fedavg-long',
      workload: nvflare({ algorithm: 'fedavg', rounds: MANY_ROUNDS }),
      settings: { serverMemoryGcRounds: [0, 1], arenaMax: [4] },
      trials: 1,
      judge: 'server:largest',
    },
  }
  const flower: Family = {
    name: 'flower-fedavg',
    title: "Flower 1.42 FedAvg with a cleanup in the strategy, in Flower's simulation, 25 x 4 MiB",
    trials: 4,
    rounds: ROUNDS,
    definition: {
      name: 'flower-fedavg',
      workload: {
        kind: 'command',
        command: [
          join(root, 'test/fixtures/frameworks/flower/simulate-flower.sh'),
          `rounds=${ROUNDS} mib=4.0 gc-rounds={serverMemoryGcRounds}`,
        ],
        env: { FLOWER: join(cache, 'flower-1.42/bin') },
        // The app writes marks. What `flwr run` streams comes late.
        role: { server: 'flwr-simulation', superlink: 'flower-superlink', client: '^ray::' },
        expectedRounds: ROUNDS,
        timeout: TIMEOUT,
      },
      settings: { serverMemoryGcRounds: GC_ROUNDS },
      trials: 4,
    },
  }
  const tidemark = (aggregation: 'buffered' | 'spooled', settings: Record<string, unknown>): Family => ({
    name: `tidemark-fedavg-${aggregation}`,
    title: `Tidemark FedAvg, ${aggregation}, 100 MiB`,
    trials: 4,
    rounds: ROUNDS,
    definition: {
      name: `tidemark-fedavg-${aggregation}`,
      workload: {
        kind: 'federation',
        job: { algorithm: 'fedavg', aggregation, trainer: 'echo', modelSize: '100MiB', clients: 2, rounds: ROUNDS },
      },
      settings,
      trials: 4,
    },
  })
  return [
    fedavg('nvflare-fedavg-25x4', 'NVFlare 2.9 FedAvg, 25 x 4 MiB', { tensors: 25, mib: 4 }),
    tidemark('buffered', { serverMemoryGcRounds: GC_ROUNDS, arenaMax: ['unset'] }),
    tidemark('spooled', { serverMemoryGcRounds: [0], arenaMax: ['unset'] }),
    other('cyclic', 'Cyclic'),
    other('swarm', 'Swarm Learning, the client that went highest', 'client'),
    fedavg('nvflare-fedavg-1x100', 'NVFlare 2.9 FedAvg, 1 x 100 MiB', { tensors: 1, mib: 100 }),
    other('scaffold', 'SCAFFOLD'),
    flower,
    long,
  ]
}

/** Every family has its first block before any has its second. */
export function partsInOrder(all: readonly Family[]): Part[] {
  const most = Math.max(...all.map(({ trials }) => trials))
  return Array.from({ length: most }, (_, index) => index + 1).flatMap((block) =>
    all.flatMap((family) => (block > family.trials ? [] : [{ name: `${family.name}-${block}`, family, block }])),
  )
}
