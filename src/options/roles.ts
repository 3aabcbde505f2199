import { namedNumbers } from './types/list-types.js'
import { choice, durationMs, flag, integer, text } from './types/option-types.js'
import type { OptionSpec, OptionValues } from './types/spec.js'
export const clientOptions = {
  server: text({
    flag: 'server',
    placeholder: 'URL',
    default: undefined,
    help: 'Where the server listens, for example http://127.0.0.1:8080.',
  }),
  name: text({
    flag: 'name',
    placeholder: 'NAME',
    default: 'site-1',
    help: "This client's name. Names are sorted, and the place in that order picks the share of the data.",
  }),
  connectDeadlineMs: durationMs({
    flag: 'connect-deadline',
    default: 60_000,
    defaultText: '60s',
    help: 'How long the client tries to reach the server, at the start and after a lost connection.',
  }),
  algorithm: text<undefined>({
    flag: 'algorithm',
    placeholder: 'FILE',
    default: undefined,
    help: "The client's own copy of the server's algorithm, if that is a FILE.",
  }),
  stateDir: text({
    flag: 'state-dir',
    placeholder: 'FOLDER',
    default: undefined,
    defaultText: 'memory alone',
    help: "Folder for what this client keeps between rounds (SCAFFOLD's control variate), so that it survives a restart.",
  }),
}

/** Options of a swarm, which its coordinator sends to the peers in addition to the job. */
export const swarmOptions = {
  rotation: {
    ...text({
      flag: 'rotation',
      placeholder: 'round-robin|random|fixed|LIST',
      default: 'round-robin',
      onlyWith: 'swarm',
      help: 'Which peer adds a round up: each in turn, one drawn by a hash of the seed and the round, always the first, or as in a list of names.',
    }),
    expected: 'one of round-robin, random, fixed, or names of peers with commas between, such as site-2,site-1',
    parse: (given: string) => (/^[A-Za-z0-9._-]+(,[A-Za-z0-9._-]+)*$/.test(given) ? given : undefined),
  } satisfies OptionSpec<string>,
}

export const aggregation = {
  flag: 'aggregation',
  of: ['spooled', 'buffered'],
  help: 'Where results wait. spooled: in files, so that memory does not depend on the model. buffered: in memory.',
} as const

export const spoolDir = text({
  flag: 'spool-dir',
  placeholder: 'FOLDER',
  default: undefined,
  defaultText: 'a new one in TMPDIR or /var/tmp',
  help: 'Folder for what is spooled: (clients + 2) times the model. It belongs on a disk; tmpfs is memory.',
})

export const peerOptions = {
  coordinator: text({
    flag: 'coordinator',
    placeholder: 'URL',
    default: undefined,
    help: 'Where the coordinator listens, for example http://127.0.0.1:8080.',
  }),
  name: { ...clientOptions.name, help: clientOptions.name.help.replace('client', 'peer') },
  connectDeadlineMs: {
    ...clientOptions.connectDeadlineMs,
    help: 'How long the peer tries to reach the coordinator at the start.',
  },
  aggregation: choice({
    ...aggregation,
    default: 'buffered',
    help: 'Where results wait when this peer adds a round up. spooled: in files; of all of them, only the sum is in memory then. buffered: in memory.',
  }),
  spoolDir,
}

export const ALGORITHMS = ['fedavg', 'scaffold', 'cyclic'] as const

/** The path of a file whose default export is an algorithm. */
export type AlgorithmFile = `${string}.${'ts' | 'mts' | 'js' | 'mjs'}`

export function isAlgorithmFile(algorithm: string): algorithm is AlgorithmFile {
  return /.\.(ts|mts|js|mjs)$/.test(algorithm)
}

export const algorithm: OptionSpec<(typeof ALGORITHMS)[number] | AlgorithmFile> = {
  flag: 'algorithm',
  placeholder: `${ALGORITHMS.join('|')}|FILE`,
  help: 'The federated-learning algorithm. FILE: your own, in TypeScript or JavaScript.',
  default: 'fedavg',
  choices: ALGORITHMS,
  expected: algorithmsOrFile(ALGORITHMS),
  parse: (given) => ALGORITHMS.find((known) => known === given) ?? (isAlgorithmFile(given) ? given : undefined),
}

export const serverOptions = {
  algorithm,
  algorithmOptions: namedNumbers({
    flag: 'algorithm-option',
    help: 'An option that the algorithm of a FILE has of its own. May be given several times.',
  }),
  debug: flag({
    flag: 'debug',
    help: "Check the invariants of the algorithm's state after every round, and end the job when one is broken.",
  }),
  aggregation: choice({ ...aggregation, default: 'spooled' }),
  wireDtype: choice({
    flag: 'wire-dtype',
    of: ['float32', 'float16', 'bfloat16'],
    default: 'float32',
    help: 'Number type in which float32 weights travel, both ways. The 16-bit ones halve the bytes and round; sums stay as they are.',
  }),
  spoolDir,
  resume: flag({
    flag: 'resume',
    help: 'Continue the job of a server that was interrupted, from its --spool-dir or --checkpoint.',
  }),
  checkpoint: text({
    flag: 'checkpoint',
    placeholder: 'FILE',
    default: undefined,
    help: 'File for the global model after each round, in safetensors.',
  }),
}

/**
 * Algorithms that a comparison of our own runtime accepts: all that a server runs, and a swarm,
 * which has no server.
 */
export const jobAlgorithm: OptionSpec<OptionValues<typeof serverOptions>['algorithm'] | 'swarm'> = {
  ...algorithm,
  choices: [...ALGORITHMS, 'swarm'],
  expected: algorithmsOrFile([...ALGORITHMS, 'swarm']),
  parse: (given) => (given === 'swarm' ? given : algorithm.parse(given)),
}

export function algorithmsOrFile(names: readonly string[]): string {
  return `one of ${names.join(', ')}, or a file of your own that ends in .ts, .mts, .js or .mjs`
}

/** How a role is launched: settings of its environment, not options of its program. */
export const launchOptions = {
  arenaMax: integer<'unset'>({
    flag: 'arena-max',
    min: 1,
    max: 10_000,
    default: 'unset',
    help: 'MALLOC_ARENA_MAX of the server. "unset" leaves it as it is.',
  }),
  allocator: choice({
    flag: 'allocator',
    of: ['glibc', 'jemalloc', 'mimalloc', 'tcmalloc'],
    default: 'glibc',
    help: 'Allocator of the server, preloaded.',
  }),
}
