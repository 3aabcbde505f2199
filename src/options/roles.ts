import { namedNumbers } from './types/list-types.js'
import { choice, durationMs, flag, integer, text } from './types/option-types.js'
import type { OptionSpec, OptionValues } from './types/spec.js'
export const clientOptions = {
  server: text({
    flag: 'server',
    placeholder: 'URL',
    default: undefined,
    help: 'URL of the server, for example http://127.0.0.1:8080.',
  }),
  name: text({
    flag: 'name',
    placeholder: 'NAME',
    default: 'site-1',
    help: 'Name of this client. Its position among the sorted names selects its share of the data.',
  }),
  connectDeadlineMs: durationMs({
    flag: 'connect-deadline',
    default: 60_000,
    defaultText: '60s',
    help: 'Time to keep trying to reach the server, at the start and after a lost connection.',
  }),
  algorithm: text<undefined>({
    flag: 'algorithm',
    placeholder: 'FILE',
    default: undefined,
    help: "Client's copy of the server's algorithm, if that is a FILE.",
  }),
  stateDir: text({
    flag: 'state-dir',
    placeholder: 'FOLDER',
    default: undefined,
    defaultText: 'kept in memory only',
    help: "Folder for the state kept between rounds (SCAFFOLD's control variate), so that it survives a restart.",
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
      help: 'Which peer aggregates a round: each in turn, one chosen by a hash of seed and round, always the first, or a list of names.',
    }),
    expected: 'one of round-robin, random, fixed, or names of peers with commas between, such as site-2,site-1',
    parse: (given: string) => (/^[A-Za-z0-9._-]+(,[A-Za-z0-9._-]+)*$/.test(given) ? given : undefined),
  } satisfies OptionSpec<string>,
}

export const aggregation = {
  flag: 'aggregation',
  of: ['spooled', 'buffered'],
  help: 'Where results are kept until aggregation. spooled: in files, so that memory does not depend on the model size. buffered: in memory.',
} as const

export const spoolDir = text({
  flag: 'spool-dir',
  placeholder: 'FOLDER',
  default: undefined,
  defaultText: 'a new one in TMPDIR or /var/tmp',
  help: 'Folder for spooled results, (clients + 2) times the model size. Use a disk; tmpfs is memory.',
})

export const peerOptions = {
  coordinator: text({
    flag: 'coordinator',
    placeholder: 'URL',
    default: undefined,
    help: 'URL of the coordinator, for example http://127.0.0.1:8080.',
  }),
  name: { ...clientOptions.name, help: clientOptions.name.help.replace('client', 'peer') },
  connectDeadlineMs: {
    ...clientOptions.connectDeadlineMs,
    help: 'Time to keep trying to reach the coordinator at the start.',
  },
  aggregation: choice({
    ...aggregation,
    default: 'buffered',
    help: 'Where results are kept while this peer aggregates. spooled: in files, with only the sum in memory. buffered: in memory.',
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
  help: 'Federated algorithm. FILE: your own, in TypeScript or JavaScript.',
  default: 'fedavg',
  choices: ALGORITHMS,
  expected: algorithmsOrFile(ALGORITHMS),
  parse: (given) => ALGORITHMS.find((known) => known === given) ?? (isAlgorithmFile(given) ? given : undefined),
}

export const serverOptions = {
  algorithm,
  algorithmOptions: namedNumbers({
    flag: 'algorithm-option',
    help: 'Option of an algorithm FILE. Repeatable.',
  }),
  debug: {
    // TIDEMARK_DEBUG asks for the stacks of errors, in every verb.
    variable: 'TIDEMARK_CHECK_INVARIANTS',
    ...flag({
      flag: 'debug',
      help: "Check the invariants of the algorithm's state after every round, and end the job if one fails.",
    }),
  },
  aggregation: choice({ ...aggregation, default: 'spooled' }),
  wireDtype: choice({
    flag: 'wire-dtype',
    of: ['float32', 'float16', 'bfloat16'],
    default: 'float32',
    help: 'Number type of float32 weights on the network, both ways. 16-bit types halve the bytes and round the values; sums keep full precision.',
  }),
  spoolDir,
  resume: flag({
    flag: 'resume',
    help: 'Continue an interrupted job from its --spool-dir or --checkpoint.',
  }),
  checkpoint: text({
    flag: 'checkpoint',
    placeholder: 'FILE',
    default: undefined,
    help: 'File for the global model after each round (safetensors).',
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
    help: 'MALLOC_ARENA_MAX of the server. "unset" leaves the environment unchanged.',
  }),
  allocator: choice({
    flag: 'allocator',
    of: ['glibc', 'jemalloc', 'mimalloc', 'tcmalloc'],
    default: 'glibc',
    help: 'Allocator to preload in the server.',
  }),
}
