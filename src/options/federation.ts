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
    help: 'The server collects garbage and returns free pages to the system after every N-th round. 0: never.',
  }),
  clientMemoryGcRounds: integer({
    flag: 'client-memory-gc-rounds',
    min: 0,
    default: 0,
    notWith: { swarm: 'has no clients: its peers have --memory-gc-rounds' },
    help: 'A client collects garbage and returns free pages to the system after every N-th round, once its result was sent and confirmed. 0: never.',
  }),
  memoryGcRounds: integer({
    flag: 'memory-gc-rounds',
    min: 0,
    default: 1,
    onlyWith: 'swarm',
    help: 'A peer of a swarm collects garbage and returns free pages to the system after every N-th round of training, and after every N-th round that it aggregated. 0: never.',
  }),
}

/** Options that the server and its clients have to agree on. */
export const jobOptions = {
  rounds: integer({ flag: 'rounds', min: 1, max: 1_000_000, default: 20, help: 'Number of rounds.' }),
  clients: integer({
    flag: 'clients',
    min: 1,
    max: 1000,
    default: 2,
    help: 'Number of clients, or of peers in a swarm.',
  }),
  modelSize: bytes({
    flag: 'model-size',
    min: 1024,
    max: MOST_WEIGHTS,
    default: 3_000_000,
    defaultText: '3MB',
    help: 'Size of one full set of weights (M). Sets the width of the MLP.',
  }),
  model: choice({
    flag: 'model',
    of: ['mlp', 'softmax'],
    default: 'mlp',
    help: 'mlp: one hidden layer, sized by --model-size. softmax: softmax regression with 650 weights.',
  }),
  trainer: choice({
    flag: 'trainer',
    of: ['sgd', 'echo'],
    default: 'sgd',
    help: 'sgd: train on the digits dataset. echo: return the weights unchanged, to study memory alone.',
  }),
  seed: integer({
    flag: 'seed',
    min: 0,
    max: 2 ** 31 - 1,
    default: 1,
    help: 'Seed of the initial weights, the data split, the sampling of clients and the order of trials.',
  }),
}

export const trainingOptions = {
  localEpochs: integer({ flag: 'local-epochs', min: 1, default: 1, help: 'Passes over the local data per round.' }),
  localSteps: integer({
    flag: 'local-steps',
    min: 0,
    default: 2,
    help: 'Steps per round instead of whole epochs. 0: use --local-epochs.',
  }),
  batchSize: integer({
    flag: 'batch-size',
    min: 0,
    default: 16,
    help: 'Examples per step. 0: all local data in one step.',
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
    help: 'SCAFFOLD: option I computes the new control variate from an extra pass over the local data, option II from the steps taken.',
  }),
}

/** Options of how a round runs, shared by all algorithms. */
export const roundOptions = {
  sample: real({
    flag: 'sample',
    above: 0,
    max: 1,
    default: 1,
    help: 'Fraction of the clients sampled each round.',
  }),
  order: text({
    flag: 'order',
    placeholder: 'ORDER',
    default: 'fixed',
    onlyWith: 'cyclic',
    help: 'Cyclic: order of the clients: fixed (by name), random, random-without-same-in-a-row, or a list of names such as site-2,site-1.',
  }),
  minClients: integer({
    flag: 'min-clients',
    min: 1,
    default: 1,
    help: 'Minimum number of accepted results for a round to commit.',
  }),
  evaluateEvery: integer({
    flag: 'evaluate-every',
    min: 1,
    default: 1,
    help: 'Evaluate on the held-out digits after the first round, after every N-th from there (1, 11, 21, ... with 10), and after the last.',
  }),
  serverLearningRate: real({
    flag: 'server-learning-rate',
    above: 0,
    default: 1,
    notWith: AVERAGES_NOTHING,
    help: 'Server learning rate: fraction of the step towards the mean that is taken each round.',
  }),
  weighting: choice({
    flag: 'weighting',
    of: ['examples', 'uniform'],
    default: 'examples',
    defaultWith: { scaffold: 'uniform' },
    notWith: AVERAGES_NOTHING,
    help: 'How clients are weighted in the mean.',
  }),
  summation: choice({
    flag: 'summation',
    of: ['ordered', 'arrival'],
    default: 'ordered',
    notWith: AVERAGES_NOTHING,
    help: 'ordered: sum results by client name, repeatable bit for bit. arrival: sum them as they arrive, with the least memory.',
  }),
  joinDeadlineMs: durationMs({
    flag: 'join-deadline',
    default: 60_000,
    defaultText: '60s',
    help: 'Time in which all clients, or all peers of a swarm, have to join.',
  }),
  roundDeadlineMs: durationMs({
    flag: 'round-deadline',
    default: 300_000,
    defaultText: '300s',
    help: 'Time limit of a round, after which it ends with the results received so far.',
  }),
  graceMs: durationMs({
    flag: 'grace',
    default: 10_000,
    defaultText: '10s',
    help: 'Time to wait for the other results once --min-clients have arrived.',
  }),
  reconnectMs: durationMs({
    flag: 'reconnect-grace',
    default: 5000,
    defaultText: '5s',
    help: 'Time that a disconnected client or peer has to reconnect before the round continues without it.',
  }),
  roundAttempts: integer({
    flag: 'round-attempts',
    min: 1,
    default: 3,
    help: 'Attempts at a round before the job ends with an error.',
  }),
}

/** Options of how a role logs. */
export const logOptions = {
  logFormat: choice({
    flag: 'log-format',
    of: ['text', 'json'],
    default: 'text',
    help: 'Format of the log on standard error. text: sentences. json: one object per line with time, level, role and subject.',
  }),
}
