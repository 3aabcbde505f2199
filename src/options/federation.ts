import { bytes, choice, durationMs, integer, real, text } from './types/option-types.js'
/**
 * Maximum size of a set of weights. Larger ones are refused from the network, and no typed array
 * holds them.
 */
export const MOST_WEIGHTS = 16 * 2 ** 30

export const AVERAGES_NOTHING = { cyclic: 'hands the weights from client to client and averages nothing' }

/**
 * Options of the cleanup inside a role. They are passed on as a whole; `everyNthRound` alone
 * decides the cadence.
 */
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

/** Options that the server and its clients have to agree on. */
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
    help: 'How the digits are split among the clients: at random, or sorted by label.',
  }),
  scaffoldOption: choice({
    flag: 'option',
    of: ['I', 'II'],
    default: 'II',
    onlyWith: 'scaffold',
    help: 'SCAFFOLD: I takes the new control variate from one more pass over the local data, II from the steps made.',
  }),
}

/** Options of how a round runs, shared by all algorithms. */
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
    help: 'Weight of each client in the mean.',
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
    help: 'How long to wait for further results once --min-clients have arrived.',
  }),
  reconnectMs: durationMs({
    flag: 'reconnect-grace',
    default: 5000,
    defaultText: '5s',
    help: 'How long a client whose connection broke may take to come back before a round continues without it.',
  }),
  roundAttempts: integer({
    flag: 'round-attempts',
    min: 1,
    default: 3,
    help: 'Attempts at one round before the job ends with an error.',
  }),
}

/** Options of how a role logs. */
export const logOptions = {
  logFormat: choice({
    flag: 'log-format',
    of: ['text', 'json'],
    default: 'text',
    help: 'Format of the log on standard error. text: sentences. json: one object a line, with time, level, role and details.',
  }),
}
