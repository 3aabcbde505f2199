import { fileOptions, LEAST_LIMIT, namedRoles, probeOption, ROUND_SOURCES, roundsEnd } from './common.js'
import { jobOptions, memoryOptions } from './federation.js'
import { launchOptions } from './roles.js'
import { axisOf, namedSizes, parameterLists } from './types/list-types.js'
import { bytes, durationMs, flag, growth, integer, real, shardOf, text } from './types/option-types.js'
import type { OptionSpec } from './types/spec.js'
/** Axes of a comparison: memory settings, each a list. */
export const axisOptions = {
  serverMemoryGcRounds: axisOf(memoryOptions.serverMemoryGcRounds, { default: [0, 5, 1] }),
  memoryGcRounds: axisOf(memoryOptions.memoryGcRounds, { default: [0, 5, 1] }),
  arenaMax: axisOf<number | 'unset'>(launchOptions.arenaMax, { default: ['unset', 4], also: { unset: 'unset' } }),
  allocator: axisOf(launchOptions.allocator, { default: ['glibc'] }),
}

export const compareOptions = {
  trials: integer({
    flag: 'trials',
    min: 1,
    max: 1000,
    default: 4,
    help: 'Trials of each setting, each in fresh processes.',
  }),
  untilDecided: flag({
    flag: 'until-decided',
    help: 'Add trials in rounds of one a setting, from three on, until every expectation and the choice are decided; --trials is the most.',
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
    help: 'Continue a comparison that was stopped: run the trials that its folder lacks.',
  }),
  moreTrials: integer<undefined>({
    flag: 'more-trials',
    min: 1,
    max: 1000,
    default: undefined,
    defaultText: 'none',
    help: 'With --resume: run this many additional trials of each setting.',
  }),
  limit: bytes<undefined>({
    flag: 'limit',
    min: LEAST_LIMIT,
    default: undefined,
    defaultText: 'the limit of the cgroup, else the memory of the machine',
    help: 'Memory limit. The verdict forecasts when growth reaches it, or gives the headroom left.',
  }),
  tolerance: growth<undefined>({
    flag: 'tolerance',
    formerly: 'floor',
    default: undefined,
    defaultText: '0.1% of the level',
    help: 'Growth too small to matter: a round (0.5MiB, or 0.1% of the level), or a day (50MiB/day).',
  }),
  probeEvery: integer<undefined>({
    flag: 'probe-every',
    min: 1,
    default: undefined,
    defaultText: 'never',
    help: 'Run as many further trials in which the server is probed after every N-th round. They show which of live, garbage and retained memory grows. A command needs --probe, which shows only what is retained.',
  }),
  shard: shardOf({
    flag: 'shard',
    help: 'Run one part of the trials, for one of several machines: 2/4. auto/4 takes the number from a job array of Slurm or an Indexed Job of Kubernetes. tidemark merge joins the parts.',
  }),
  details: flag({ flag: 'details', help: 'Print the tables, all intervals and the long sentences too.' }),
  json: flag({ flag: 'json', help: 'Print the result as JSON on standard output.' }),
}

/** Options to compare a command of the user's, without a file. */
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
      help: `Rounds of the job. With --command, how its output reports them: ${ROUND_SOURCES}`,
    }),
    expected: `${jobOptions.rounds.expected}, or how the output of --command reports rounds`,
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
    help: 'With --command: a pattern for the line of its output that reports that it is ready.',
  }),
  load: text({
    flag: 'load',
    placeholder: 'COMMAND',
    default: undefined,
    help: 'With --command and --ready: a command that drives the program. Its end is the end of the trial.',
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
    help: 'With --command: run after each trial, even a failed one.',
  }),
  name: text({
    flag: 'name',
    placeholder: 'NAME',
    default: undefined,
    defaultText: "the program's name",
    help: 'With --command: the name of the comparison.',
  }),
}

/** Options of `tidemark merge`. */
export const mergeOptions = {
  out: compareOptions.out,
  anyMachine: flag({
    flag: 'any-machine',
    help: 'Also pool trials of different types of machines, with a warning in every output.',
  }),
  details: compareOptions.details,
  json: compareOptions.json,
}

/** Options of `tidemark submit`, which writes a job. */
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
    help: 'With --kubernetes: the container image, with tidemark on its path.',
  }),
  claim: text({
    flag: 'claim',
    placeholder: 'NAME',
    default: 'tidemark-results',
    help: 'With --kubernetes: the persistent volume claim for the results. Several pods write to it.',
  }),
  results: text({
    flag: 'results',
    placeholder: 'FOLDER',
    default: undefined,
    defaultText: 'runs/<name>-shards',
    help: 'With --slurm: the folder for the parts, on a file system that all nodes share.',
  }),
  ...fileOptions,
}
