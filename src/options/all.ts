/**
 * Every option of Tidemark, declared once. The type, the flag, the environment variable, the default, the help text and
 * the table in docs/options.md all come from here; nothing else in the code names a default.
 *
 * An option of the command line beats its environment variable, which beats the default.
 */

import { MIB } from '../shared/units.js'
import {
  axisOf,
  bytes,
  bytesOrShare,
  choice,
  columnValues,
  durationMs,
  flag,
  horizon,
  integer,
  namedNumbers,
  namedPatterns,
  namedSizes,
  parameterLists,
  real,
  shardOf,
  text,
  timeWindow,
} from './option-types.js'
import type { OptionSpec, OptionValues } from './spec.js'

/** Less is no memory that a process could stay below: `--limit 10` was meant to be 10GiB. */
const LEAST_LIMIT = MIB
/** Larger sets of weights are refused from the network, and no typed array holds them. */
const MOST_WEIGHTS = 16 * 2 ** 30

const AVERAGES_NOTHING = { cyclic: 'hands the weights from client to client and averages nothing' }

/** Cleanup inside a role. Handed on whole; the cadence is decided in one place, `everyNthRound`. */
export const memoryOptions = {
  serverMemoryGcRounds: integer({
    flag: 'server-memory-gc-rounds',
    min: 0,
    default: 0,
    defaultWith: { cyclic: 1 },
    notWith: { swarm: 'has no server: its peers have --memory-gc-rounds' },
    help: 'After every N-th round the server collects garbage and gives freed pages back. 0 never does.',
  }),
  clientMemoryGcRounds: integer({
    flag: 'client-memory-gc-rounds',
    min: 0,
    default: 0,
    notWith: { swarm: 'has no clients: its peers have --memory-gc-rounds' },
    help: "The same for clients, after the round's result was sent and confirmed. 0 never does.",
  }),
  memoryGcRounds: integer({
    flag: 'memory-gc-rounds',
    min: 0,
    default: 1,
    onlyWith: 'swarm',
    help: 'The same for the peers of a swarm: after every N-th round of its own training, and after every N-th that it added up. 0 never does.',
  }),
}

/** What the server and its clients have to agree on. */
export const jobOptions = {
  rounds: integer({ flag: 'rounds', min: 1, max: 1_000_000, default: 20, help: 'Rounds of the job.' }),
  clients: integer({
    flag: 'clients',
    min: 1,
    max: 1000,
    default: 2,
    help: 'Clients of the job; with a swarm, its peers.',
  }),
  modelSize: bytes({
    flag: 'model-size',
    min: 1024,
    max: MOST_WEIGHTS,
    default: 3_000_000,
    defaultText: '3MB',
    help: 'Size of one full set of weights (M). It picks the width of the MLP.',
  }),
  model: choice({
    flag: 'model',
    of: ['mlp', 'softmax'],
    default: 'mlp',
    help: 'mlp: one hidden layer, as wide as --model-size asks. softmax: softmax regression, 650 weights.',
  }),
  trainer: choice({
    flag: 'trainer',
    of: ['sgd', 'echo'],
    default: 'sgd',
    help: 'sgd: local training on the digits. echo: sends the weights back, for memory alone.',
  }),
  seed: integer({
    flag: 'seed',
    min: 0,
    max: 2 ** 31 - 1,
    default: 1,
    help: 'Seed of the initial weights, the split of the data, the sampling and the order of trials.',
  }),
}

export const trainingOptions = {
  localEpochs: integer({ flag: 'local-epochs', min: 1, default: 1, help: 'Passes over the local data a round.' }),
  localSteps: integer({
    flag: 'local-steps',
    min: 0,
    default: 2,
    help: 'Steps a round instead of whole epochs. 0 uses --local-epochs.',
  }),
  batchSize: integer({
    flag: 'batch-size',
    min: 0,
    default: 16,
    help: 'Examples a step. 0 takes all local data at once.',
  }),
  localLearningRate: real({
    flag: 'local-learning-rate',
    above: 0,
    default: 0.1,
    help: 'Learning rate of local training.',
  }),
  split: choice({
    flag: 'split',
    of: ['iid', 'label'],
    default: 'iid',
    help: 'How the digits are dealt to the clients: at random, or sorted by label.',
  }),
  scaffoldOption: choice({
    flag: 'option',
    of: ['I', 'II'],
    default: 'II',
    onlyWith: 'scaffold',
    help: 'SCAFFOLD: I takes the new control variate from one more pass over the local data, II from the steps made.',
  }),
}

/** How a round is run; the rules are shared by all algorithms. */
export const roundOptions = {
  sample: real({
    flag: 'sample',
    above: 0,
    max: 1,
    default: 1,
    help: 'Share of the clients that is drawn each round.',
  }),
  order: text({
    flag: 'order',
    placeholder: 'ORDER',
    default: 'fixed',
    onlyWith: 'cyclic',
    help: 'Cyclic: fixed (by name), random, random-without-same-in-a-row, or names with commas between, as in site-2,site-1.',
  }),
  minClients: integer({
    flag: 'min-clients',
    min: 1,
    default: 1,
    help: 'Accepted results that a round needs to commit.',
  }),
  evaluateEvery: integer({
    flag: 'evaluate-every',
    min: 1,
    default: 1,
    help: 'Rounds from one evaluation on the held-out digits to the next. The first and the last are always evaluated.',
  }),
  serverLearningRate: real({
    flag: 'server-learning-rate',
    above: 0,
    default: 1,
    notWith: AVERAGES_NOTHING,
    help: 'Share of the step towards the mean that the server takes.',
  }),
  weighting: choice({
    flag: 'weighting',
    of: ['examples', 'uniform'],
    default: 'examples',
    defaultWith: { scaffold: 'uniform' },
    notWith: AVERAGES_NOTHING,
    help: 'Weight of a client in the mean.',
  }),
  summation: choice({
    flag: 'summation',
    of: ['ordered', 'arrival'],
    default: 'ordered',
    notWith: AVERAGES_NOTHING,
    help: 'ordered: in the order of client names, bit for bit repeatable. arrival: as results come, least memory.',
  }),
  joinDeadlineMs: durationMs({
    flag: 'join-deadline',
    default: 60_000,
    defaultText: '60s',
    help: 'How long the server waits for its clients to join.',
  }),
  roundDeadlineMs: durationMs({
    flag: 'round-deadline',
    default: 300_000,
    defaultText: '300s',
    help: 'How long a round may take before it is settled with the results at hand.',
  }),
  graceMs: durationMs({
    flag: 'grace',
    default: 10_000,
    defaultText: '10s',
    help: 'Once --min-clients results are there, how long the others are waited for.',
  }),
  reconnectMs: durationMs({
    flag: 'reconnect-grace',
    default: 5000,
    defaultText: '5s',
    help: 'How long a client whose connection broke may take to come back before a round goes on without it.',
  }),
  roundAttempts: integer({
    flag: 'round-attempts',
    min: 1,
    default: 3,
    help: 'Attempts at one round before the job ends with an error.',
  }),
}

/** How a role tells what it does. */
export const logOptions = {
  logFormat: choice({
    flag: 'log-format',
    of: ['text', 'json'],
    default: 'text',
    help: 'Lines on standard error. text: sentences. json: an object a line, with time, level, role and what the line is about.',
  }),
}

export const networkOptions = {
  host: text({ flag: 'host', placeholder: 'ADDRESS', default: '127.0.0.1', help: 'Address to listen on.' }),
  port: integer({
    flag: 'port',
    min: 0,
    max: 65_535,
    default: 0,
    help: 'Port to listen on. 0 takes a free one and prints it.',
  }),
  tokenFile: text({
    flag: 'token-file',
    placeholder: 'FILE',
    default: undefined,
    help: 'File with the join token. Without it TIDEMARK_TOKEN is used; a server without either makes one and prints it.',
  }),
  maxModelSize: bytes({
    flag: 'max-model-size',
    min: 1024,
    default: MOST_WEIGHTS,
    defaultText: '16GiB',
    help: 'Largest set of weights that is taken from the network.',
  }),
  idleMs: durationMs({
    flag: 'idle-deadline',
    default: 60_000,
    defaultText: '60s',
    help: 'How long a connection may be silent in the middle of a transfer before it is given up.',
  }),
}

/** TLS on either side. */
export const tlsOptions = {
  tlsCert: text({
    flag: 'tls-cert',
    placeholder: 'FILE',
    default: undefined,
    help: "This role's certificate, with its chain, in PEM. A server that has one speaks https.",
  }),
  tlsKey: text({
    flag: 'tls-key',
    placeholder: 'FILE',
    default: undefined,
    help: 'The private key of --tls-cert.',
  }),
  tlsCa: text({
    flag: 'tls-ca',
    placeholder: 'FILE',
    default: undefined,
    help: 'Who certifies the other side. A server that has it asks each client for a certificate in its own name.',
  }),
}

/** Limits of a server that others than friends can reach. */
export const exposureOptions = {
  maxClients: integer({
    flag: 'max-clients',
    min: 1,
    max: 1000,
    default: 1000,
    help: 'Clients that a job on this server may have. A job with more --clients does not start; with fewer, one client more than --clients is refused when it joins.',
  }),
  maxConnections: integer({
    flag: 'max-connections',
    min: 0,
    default: 0,
    defaultText: '2 for each client and 16',
    help: 'Connections at a time. One more is told so and closed.',
  }),
  maxUploads: integer({
    flag: 'max-uploads',
    min: 1,
    max: 1000,
    default: 16,
    help: 'Results that are taken at a time. The others wait for their turn.',
  }),
  headersMs: durationMs({
    flag: 'headers-deadline',
    default: 10_000,
    defaultText: '10s',
    help: 'How long a connection may take to send the head of a request.',
  }),
  minRate: bytes({
    flag: 'min-rate',
    min: 0,
    default: 1024,
    defaultText: '1KiB',
    help: 'Bytes a second that a transfer must move, over any five seconds.',
  }),
}

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
    help: "The server's algorithm, where that is a FILE: the client's own copy of it.",
  }),
  stateDir: text({
    flag: 'state-dir',
    placeholder: 'FOLDER',
    default: undefined,
    defaultText: 'memory alone',
    help: "Folder for what this client keeps between rounds: SCAFFOLD's control variate. So it outlives a restart.",
  }),
}

/** Of a swarm: what its coordinator tells the peers on top of the job. */
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

const aggregation = {
  flag: 'aggregation',
  of: ['spooled', 'buffered'],
  help: 'Where results wait. spooled: in files, so that memory does not depend on the model. buffered: in memory.',
} as const

const spoolDir = text({
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

const ALGORITHMS = ['fedavg', 'scaffold', 'cyclic'] as const
/** The path of a file whose default export is an algorithm. */
export type AlgorithmFile = `${string}.${'ts' | 'mts' | 'js' | 'mjs'}`

export function isAlgorithmFile(algorithm: string): algorithm is AlgorithmFile {
  return /.\.(ts|mts|js|mjs)$/.test(algorithm)
}

const algorithm: OptionSpec<(typeof ALGORITHMS)[number] | AlgorithmFile> = {
  flag: 'algorithm',
  placeholder: `${ALGORITHMS.join('|')}|FILE`,
  help: 'How the server learns from its clients. FILE: an algorithm of your own, in TypeScript or JavaScript.',
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
    help: "Check after every round what must hold of the algorithm's state, and end the job where it does not.",
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
    help: 'Go on with the job of a server that was interrupted, from its --spool-dir or --checkpoint.',
  }),
  checkpoint: text({
    flag: 'checkpoint',
    placeholder: 'FILE',
    default: undefined,
    help: 'File for the global model after each round, in safetensors.',
  }),
}

/** What a comparison of our own runtime may be of: all that a server runs, and a swarm, which has none. */
export const jobAlgorithm: OptionSpec<OptionValues<typeof serverOptions>['algorithm'] | 'swarm'> = {
  ...algorithm,
  choices: [...ALGORITHMS, 'swarm'],
  expected: algorithmsOrFile([...ALGORITHMS, 'swarm']),
  parse: (given) => (given === 'swarm' ? given : algorithm.parse(given)),
}

function algorithmsOrFile(names: readonly string[]): string {
  return `one of ${names.join(', ')}, or a file of your own that ends in .ts, .mts, .js or .mjs`
}

/** Environment of a role, not an option of its program: how it is launched. */
const launchOptions = {
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

/** The axes of a comparison: memory settings, each a list. */
export const axisOptions = {
  serverMemoryGcRounds: axisOf(memoryOptions.serverMemoryGcRounds, { default: [0, 5, 1] }),
  memoryGcRounds: axisOf(memoryOptions.memoryGcRounds, { default: [0, 5, 1] }),
  arenaMax: axisOf<number | 'unset'>(launchOptions.arenaMax, { default: ['unset', 4], also: { unset: 'unset' } }),
  allocator: axisOf(launchOptions.allocator, { default: ['glibc'] }),
}

const namedRoles = namedPatterns({
  flag: 'role',
  help: 'Call processes whose command line fits NAME. May be given several times; the first that fits counts.',
})

export const compareOptions = {
  trials: integer({
    flag: 'trials',
    min: 1,
    max: 1000,
    default: 4,
    help: 'Trials of each setting, each in fresh processes.',
  }),
  rateHz: real({ flag: 'rate', above: 0, max: 1000, default: 20, help: 'Samples of RSS a second.' }),
  trialDeadlineMs: durationMs({
    flag: 'trial-deadline',
    default: 1_800_000,
    defaultText: '30m',
    help: 'How long one trial may take before it is ended and recorded as failed.',
  }),
  out: text({
    flag: 'out',
    placeholder: 'FOLDER',
    default: undefined,
    defaultText: 'runs/<name>-<time>',
    help: 'Folder for the comparison. It must be empty or not exist.',
  }),
  resume: text({
    flag: 'resume',
    placeholder: 'FOLDER',
    default: undefined,
    help: 'Go on with a comparison that was stopped: run the trials that its folder lacks.',
  }),
  moreTrials: integer<undefined>({
    flag: 'more-trials',
    min: 1,
    max: 1000,
    default: undefined,
    defaultText: 'none',
    help: 'With --resume: run this many trials more of each setting than were asked for.',
  }),
  limit: bytes<undefined>({
    flag: 'limit',
    min: LEAST_LIMIT,
    default: undefined,
    defaultText: 'the limit of the cgroup, else the memory of the machine',
    help: 'Memory that there is: says when growth meets it, or how much room is left.',
  }),
  floor: bytesOrShare<undefined>({
    flag: 'floor',
    default: undefined,
    defaultText: '0.1% of the level',
    help: 'Growth a round that is too little to matter: 0.5MiB, or 0.1% of the level.',
  }),
  probeEvery: integer<undefined>({
    flag: 'probe-every',
    min: 1,
    default: undefined,
    defaultText: 'never',
    help: 'Run as many trials again in which the server is probed after every N-th round: tells which of live, garbage and retained memory grows. A command needs --probe for it, which tells what is retained from the rest.',
  }),
  shard: shardOf({
    flag: 'shard',
    help: 'Run one part of the trials, for one of several machines: 2/4. auto/4 takes the number from a job array of Slurm or an Indexed Job of Kubernetes. tidemark merge joins the parts.',
  }),
  json: flag({ flag: 'json', help: 'Print the result as JSON on standard output.' }),
}

/** How RSS is split from outside, in a program that knows nothing of us. */
const probeOption = {
  probe: flag({
    flag: 'probe',
    help: 'Preload a small library that has the allocator return its free pages when the work is done: splits RSS into retained, and live or garbage. Built on first use by the C compiler.',
  }),
  probeRound: integer<undefined>({
    flag: 'probe-round',
    min: 1,
    max: 1_000_000,
    default: undefined,
    defaultText: 'the last',
    help: 'With --probe: the round after which it is taken.',
  }),
}

/** What `--rounds` takes where a log tells of rounds. The names are those of src/recording/rounds/round-log-presets.ts. */
const ROUND_SOURCES =
  'nvflare, flower, openfl, fedml, federatedscope, pfllib, or a regular expression with the number as its group; without a group its matches are counted. A line that fits begins a round and ends the one before.'

const roundsEnd = text({
  flag: 'rounds-end',
  placeholder: 'PATTERN',
  default: undefined,
  help: 'A regular expression for lines that end a round, with --rounds or alone; --rounds end:PATTERN is the same as this alone.',
})

/** A comparison of a command of the user's, without a file. */
export const commandOptions = {
  command: text({
    flag: 'command',
    placeholder: 'COMMAND',
    default: undefined,
    help: 'Compare this command in place of a job. {name} stands for the value of a -L name.',
  }),
  parameters: parameterLists({
    flag: 'parameter-list',
    short: 'L',
    help: 'Values of a {placeholder}, or of an environment variable in capitals; "unset" takes one away. A comma behind a backslash belongs to the value. May be given several times.',
  }),
  rounds: {
    ...text({
      flag: 'rounds',
      placeholder: 'N|PRESET|PATTERN',
      default: jobOptions.rounds.default as string | number,
      help: `Rounds of the job. With --command, how its output tells of them: ${ROUND_SOURCES}`,
    }),
    expected: `${jobOptions.rounds.expected}, or how the output of --command tells of rounds`,
    parse: (given: string) => (/^\d+$/.test(given.trim()) ? jobOptions.rounds.parse(given) : given || undefined),
  } satisfies OptionSpec<string | number>,
  roundsEnd,
  log: text({
    flag: 'log',
    placeholder: 'FILE',
    default: undefined,
    defaultText: "the command's output",
    help: 'With --command: the file in which --rounds looks, where the program logs to one. It may hold {placeholders}.',
  }),
  expectedRounds: integer<undefined>({
    flag: 'expected-rounds',
    min: 1,
    max: 1_000_000,
    default: undefined,
    help: 'With --command: a trial with fewer rounds has failed.',
  }),
  probe: probeOption.probe,
  probeRound: probeOption.probeRound,
  roles: namedRoles,
  judge: text({
    flag: 'judge',
    placeholder: 'ROLE',
    default: undefined,
    defaultText: 'server',
    help: 'The role whose memory is judged: the sum of its processes where several live together, or one of them: worker:largest, worker:4127 (a pid). With a plus sign, the sum of two roles: server+superlink.',
  }),
  ready: text({
    flag: 'ready',
    placeholder: 'PATTERN',
    default: undefined,
    help: 'With --command: a line of its output after which it can do its work.',
  }),
  load: text({
    flag: 'load',
    placeholder: 'COMMAND',
    default: undefined,
    help: 'With --command and --ready: a command that drives it. The trial is over when this has ended.',
  }),
  setup: text({
    flag: 'setup',
    placeholder: 'COMMAND',
    default: undefined,
    help: 'With --command: run before each trial, unrecorded.',
  }),
  teardown: text({
    flag: 'teardown',
    placeholder: 'COMMAND',
    default: undefined,
    help: 'With --command: run after each trial, whatever became of it.',
  }),
  name: text({
    flag: 'name',
    placeholder: 'NAME',
    default: undefined,
    defaultText: "the program's name",
    help: 'With --command: what the comparison is called.',
  }),
}

/** What `tidemark merge` takes. */
export const mergeOptions = {
  out: compareOptions.out,
  anyMachine: flag({
    flag: 'any-machine',
    help: 'Pool trials of different types of machines too, with a warning in every output.',
  }),
  json: compareOptions.json,
}

/** Where a verb writes what others would print. */
const fileOptions = {
  out: text({
    flag: 'out',
    short: 'o',
    placeholder: 'FILE',
    default: undefined,
    defaultText: 'standard output',
    help: 'File to write to.',
  }),
  force: flag({ flag: 'force', help: 'Replace the file if it is there.' }),
}

/** What `tidemark submit` writes a job from. */
export const submitOptions = {
  slurm: flag({ flag: 'slurm', help: 'Write a job array of Slurm, for sbatch.' }),
  kubernetes: flag({ flag: 'kubernetes', help: 'Write an Indexed Job of Kubernetes, for kubectl apply -f.' }),
  shards: integer({ flag: 'shards', min: 1, max: 1000, default: 4, help: 'Parts that the trials are dealt out to.' }),
  memory: namedSizes({
    flag: 'memory',
    help: 'Memory for each process of a role. May be given several times: --memory server=4GiB --memory client=1GiB.',
  }),
  cores: integer({ flag: 'cores', min: 1, max: 4096, default: 2, help: 'Cores for each part.' }),
  image: text({
    flag: 'image',
    placeholder: 'IMAGE',
    default: undefined,
    help: 'Of Kubernetes: the container image, with tidemark on its path.',
  }),
  claim: text({
    flag: 'claim',
    placeholder: 'NAME',
    default: 'tidemark-results',
    help: 'Of Kubernetes: the persistent volume claim that the results go to. Several pods write to it.',
  }),
  results: text({
    flag: 'results',
    placeholder: 'FOLDER',
    default: undefined,
    defaultText: 'runs/<name>-shards',
    help: 'Of Slurm: the folder that the parts go to, on a file system that all nodes share.',
  }),
  ...fileOptions,
}

/** What `tidemark check` holds a comparison against, and where it tells of it. */
export const gateOptions = {
  baseline: text({
    flag: 'baseline',
    placeholder: 'FILE',
    default: 'tidemark-baseline.json',
    help: 'The stored baseline, which belongs under version control.',
  }),
  updateBaseline: flag({
    flag: 'update-baseline',
    help: 'Store what was measured as the baseline, in place of the one of this comparison and type of machine.',
  }),
  allowPeak: bytesOrShare({
    flag: 'allow-peak',
    default: { share: 0.03 },
    defaultText: '3%',
    help: 'How much the highest peak of a setting may rise.',
  }),
  allowFloor: bytesOrShare({
    flag: 'allow-floor',
    default: { share: 0.03 },
    defaultText: '3%',
    help: 'How much its floor may rise.',
  }),
  allowSlope: bytesOrShare({
    flag: 'allow-slope',
    default: { share: 0.0005 },
    defaultText: '0.05% of the floor',
    help: 'How much its growth a round, over the second half of the rounds, may rise.',
  }),
  anyMachine: flag({
    flag: 'any-machine',
    help: 'Compare with a baseline of another type of machine too, and say so.',
  }),
  junit: text({
    flag: 'junit',
    placeholder: 'FILE',
    default: undefined,
    help: 'Write the result as JUnit XML.',
  }),
  markdown: text({
    flag: 'markdown',
    placeholder: 'FILE',
    default: undefined,
    help: 'Write the result as Markdown.',
  }),
  github: flag({
    flag: 'github',
    help: 'Print annotations for GitHub Actions. On where GITHUB_ACTIONS is true; a step summary is written where GITHUB_STEP_SUMMARY is set.',
  }),
}

/** How a command or a running process is recorded. */
const recordingOptions = {
  rateHz: real({
    flag: 'rate',
    above: 0,
    max: 1000,
    default: 10,
    help: 'Samples of RSS a second, up to 1000. Peaks do not depend on it: the kernel keeps those.',
  }),
  intervalMs: durationMs<undefined>({
    flag: 'interval',
    short: 'T',
    default: undefined,
    defaultText: '100ms, which is --rate 10',
    help: 'Time between two samples, in place of --rate.',
  }),
  out: text({
    flag: 'out',
    short: 'o',
    placeholder: 'FOLDER',
    default: undefined,
    defaultText: 'tidemark-<time>',
    help: 'Folder for the recording.',
  }),
  force: flag({ flag: 'force', help: 'Replace the recording that is in the folder.' }),
  roles: namedRoles,
  rounds: text({
    flag: 'rounds',
    placeholder: 'PRESET|PATTERN',
    default: undefined,
    help: `Find rounds in the log: ${ROUND_SOURCES}`,
  }),
  roundsEnd,
  log: text({
    flag: 'log',
    placeholder: 'FILE',
    default: undefined,
    help: 'The log in which --rounds looks.',
  }),
  shared: flag({
    flag: 'pss',
    help: 'Record PSS and USS too, which count shared pages once. Slow on large processes.',
  }),
  sharedIntervalMs: durationMs({
    flag: 'pss-interval',
    default: 5000,
    defaultText: '5s',
    help: 'Time between two readings of PSS and USS.',
  }),
  format: choice({
    flag: 'format',
    of: ['tidemark', 'mprof'],
    default: 'tidemark',
    help: 'mprof: beside the folder, write a .dat file that mprof plot and mprof peak read.',
  }),
  json: flag({ flag: 'json', help: 'Print the summary as JSON.' }),
  windowMs: durationMs({
    flag: 'every',
    default: 10_000,
    defaultText: '10s',
    help: 'While it runs, windows of this length stand for rounds where none are told.',
  }),
}

export const runOptions = {
  ...recordingOptions,
  cgroup: flag({
    flag: 'cgroup',
    help: 'Run the command in a memory cgroup of its own: the peak of all its processes together is then exact, round by round.',
  }),
  log: { ...recordingOptions.log, defaultText: "the command's output" },
  ...probeOption,
  heapDiff: integer<undefined>({
    flag: 'heap-diff',
    min: 1,
    placeholder: 'ROUNDS',
    default: undefined,
    defaultText: 'off',
    help: 'Of a Node program: write its heap after this many rounds and after twice as many, and list the constructors that grew most.',
  }),
  timeoutMs: durationMs<undefined>({
    flag: 'timeout',
    default: undefined,
    defaultText: 'none',
    help: 'End the command after this time.',
  }),
  rssLimit: bytes<undefined>({
    flag: 'rss-limit',
    min: LEAST_LIMIT,
    default: undefined,
    defaultText: 'none',
    help: 'End the command when the RSS of its processes together passes this.',
  }),
  graceMs: durationMs({
    flag: 'grace',
    default: 10_000,
    defaultText: '10s',
    help: 'How long the command has to end by itself when it must, before it is killed.',
  }),
}

export const attachOptions = {
  ...recordingOptions,
  container: text({
    flag: 'container',
    short: 'c',
    placeholder: 'NAME|ID',
    default: undefined,
    help: 'In place of a process: a container that runs on this machine, by its name or the beginning of its id. With --pod: which of the containers of the pod.',
  }),
  pod: text({
    flag: 'pod',
    placeholder: 'NAME',
    default: undefined,
    help: 'In place of a process: a container of this Kubernetes pod, on its node or from inside the pod.',
  }),
  untilRound: integer<undefined>({
    flag: 'until-round',
    min: 1,
    default: undefined,
    defaultText: 'the end',
    help: 'Stop recording once this round has ended.',
  }),
  forMs: durationMs<undefined>({
    flag: 'for',
    default: undefined,
    defaultText: 'as long as it runs',
    help: 'Stop recording after this time.',
  }),
  noReset: flag({
    flag: 'no-reset',
    help: "Leave the kernel's peaks of the processes as they are. Peaks of rounds are then sampled.",
  }),
}

/** What a user says of a table where its names and values do not settle how it is read. */
export const tableOptions = {
  column: text({
    flag: 'column',
    placeholder: 'NAME',
    default: undefined,
    defaultText: 'found by name',
    help: 'Of a table: the column of memory.',
  }),
  roundColumn: text({
    flag: 'round-column',
    placeholder: 'NAME',
    default: undefined,
    defaultText: 'found by name and values',
    help: 'Of a table: the column that counts rounds.',
  }),
  timeColumn: text({
    flag: 'time-column',
    placeholder: 'NAME',
    default: undefined,
    defaultText: 'found by name and values',
    help: 'Of a table: the column of time.',
  }),
  unit: choice({
    flag: 'unit',
    of: ['bytes', 'KB', 'KiB', 'MB', 'MiB', 'GB', 'GiB'],
    placeholder: 'UNIT',
    default: undefined,
    defaultText: 'found by name and values',
    help: 'Of a table: what its column of memory counts. bytes, KB, KiB, MB, MiB, GB or GiB.',
  }),
  series: text({
    flag: 'series',
    placeholder: 'NAME',
    default: undefined,
    defaultText: 'pid, client, pod and the like',
    help: 'Of a table: the column that tells whose memory a row is. Each of its values is judged by itself.',
  }),
  where: columnValues({
    flag: 'where',
    help: 'Of a table: read only rows with this value. May be given several times: --where phase=end --where client=site-1.',
  }),
  sum: flag({ flag: 'sum', help: 'Of a table with several series: take their total in place of each.' }),
  inRound: choice({
    flag: 'in-round',
    of: ['last', 'highest', 'median'],
    default: undefined,
    defaultText: 'the last, where rows have times',
    help: 'Of a table: which reading stands for a round that has several.',
  }),
}

export const doctorOptions = {
  json: flag({ flag: 'json', help: 'Print what was found as JSON.' }),
}

export const showOptions = {
  details: flag({ flag: 'details', help: 'Print the tables, all intervals and the long sentences too.' }),
  open: flag({ flag: 'open', help: 'Open the report, or of a recording its plot, in a browser too (xdg-open).' }),
  json: compareOptions.json,
}

export const listOptions = { json: compareOptions.json }

export const plotOptions = {
  out: text({
    flag: 'out',
    short: 'o',
    placeholder: 'FILE',
    default: undefined,
    help: 'Write the plot to a file: .svg, .png, or .html for an interactive one. Without it the terminal shows a chart.',
  }),
  force: flag({ flag: 'force', help: 'Replace the file if it is there.' }),
  window: timeWindow({
    flag: 'window',
    short: 'w',
    default: undefined,
    help: 'Only this part of the time, counted from the first reading. For example 0,20.5 or 10m,1h.',
  }),
  title: text({
    flag: 'title',
    short: 't',
    placeholder: 'TEXT',
    default: undefined,
    defaultText: 'the command',
    help: 'Title of the plot.',
  }),
  slope: flag({ flag: 'slope', short: 's', help: 'Fit a line by least squares and tell its slope.' }),
  hideFunctions: flag({ flag: 'hide-functions', short: 'n', help: 'Leave out the functions that mprof timed.' }),
  ...tableOptions,
}

export const diffOptions = {
  out: { ...plotOptions.out, help: 'Draw the curves into a file too: .svg, .png, or .html for an interactive one.' },
  force: plotOptions.force,
  json: compareOptions.json,
}

/** The formats are switches: one of them has to be on. */
export const exportOptions = {
  csv: flag({ flag: 'csv', help: 'A table as CSV (RFC 4180), with a head.' }),
  parquet: flag({ flag: 'parquet', help: 'The same table as a Parquet file.' }),
  openmetrics: flag({
    flag: 'openmetrics',
    help: 'OpenMetrics text with times, which promtool takes into Prometheus.',
  }),
  otlpJson: flag({ flag: 'otlp-json', help: 'Metrics in the JSON of OTLP, for a collector of OpenTelemetry.' }),
  hyperfineJson: flag({ flag: 'hyperfine-json', help: "As hyperfine's --export-json, for its scripts." }),
  table: choice({
    flag: 'table',
    of: ['rounds', 'samples', 'shared'],
    default: 'rounds',
    help: 'Of CSV and Parquet: a row for each process and round, or for each process and sample.',
  }),
  ...fileOptions,
}

export const peakOptions = {
  func: text({
    flag: 'func',
    placeholder: 'NAME',
    default: undefined,
    help: 'The peak while this function ran, as mprof timed it.',
  }),
  json: compareOptions.json,
  ...tableOptions,
}

export const analyzeOptions = {
  gcRounds: integer<undefined>({
    flag: 'gc-rounds',
    min: 0,
    default: undefined,
    defaultText: 'what the recording knows, else a period is looked for',
    help: 'Rounds from one cleanup to the next. 0: there is none. Its saw-tooth is then tested, and not searched.',
  }),
  floor: compareOptions.floor,
  limit: bytes<undefined>({
    flag: 'limit',
    min: LEAST_LIMIT,
    default: undefined,
    defaultText: 'the limit of the machine that recorded, where the recording knows it',
    help: 'Memory that there is: says when growth meets it, or how much room is left.',
  }),
  horizon: horizon({
    flag: 'horizon',
    default: undefined,
    defaultText: 'ten times what was recorded, at least 1000 rounds, or 30 days',
    help: 'How long the job goes on, in rounds (5000) or as a time (30d): growth that cannot matter until then is none. Says what growth comes to by then.',
  }),
  failOn: axisOf(
    choice({
      flag: 'fail-on',
      of: ['grows', 'falls', 'sawtooth', 'settling', 'staircase', 'spike', 'inconclusive'],
      default: undefined,
      help: '',
    }),
    {
      default: [],
      help: 'Exit with 1 where one of these shapes is found: grows, staircase, ... A saw-tooth whose floor grows counts as grows.',
    },
  ),
  json: compareOptions.json,
  ...tableOptions,
}

export const removalOptions = {
  dryRun: flag({ flag: 'dry-run', help: 'Print what would be removed, and remove nothing.' }),
  force: flag({
    flag: 'force',
    help: 'Also what is still being recorded, folders with files of others in them, and parts of a comparison.',
  }),
}

export const cleanOptions = {
  ...removalOptions,
  all: flag({ flag: 'all', help: 'Also recordings with a name of your own, and comparisons, here and in runs/.' }),
}
