import { fileOptions, LEAST_LIMIT, namedRoles, probeOption, ROUND_SOURCES, roundsEnd } from './common.js'
import { jobOptions, memoryOptions } from './federation.js'
import { aggregation, launchOptions } from './roles.js'
import { axisOf, namedSizes, parameterLists } from './types/list-types.js'
import { bytes, choice, durationMs, flag, growth, integer, real, shardOf, text } from './types/option-types.js'
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
    help: 'Number of trials of each setting. Each runs in fresh processes.',
  }),
  untilDecided: flag({
    flag: 'until-decided',
    help: 'Stop as soon as every expectation and the choice are decided, after at least three and at most --trials trials of each setting.',
  }),
  rateHz: real({ flag: 'rate', above: 0, max: 1000, default: 20, help: 'RSS samples per second.' }),
  trialDeadlineMs: durationMs({
    flag: 'trial-deadline',
    default: 1_800_000,
    defaultText: '30m',
    help: 'Time limit of one trial, after which it is ended and recorded as failed.',
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
    help: 'Continue a stopped comparison: run the trials missing from its folder.',
  }),
  moreTrials: integer<undefined>({
    flag: 'more-trials',
    min: 1,
    max: 1000,
    default: undefined,
    defaultText: 'none',
    help: 'With --resume: run this many more trials of each setting.',
  }),
  limit: bytes<undefined>({
    flag: 'limit',
    min: LEAST_LIMIT,
    default: undefined,
    defaultText: 'the limit of the cgroup, else the memory of the machine',
    help: 'Memory limit. Forecasts when growth reaches it, or the headroom left.',
  }),
  tolerance: growth<undefined>({
    flag: 'tolerance',
    formerly: 'floor',
    default: undefined,
    defaultText: '0.1% of the level',
    help: 'Growth too small to matter: per round (0.5MiB, or 0.1% of the level) or per day (50MiB/day).',
  }),
  probeEvery: integer<undefined>({
    flag: 'probe-every',
    min: 1,
    default: undefined,
    defaultText: 'never',
    help: 'Run the same number of extra trials in which the server is probed after every N-th round, to find out whether live, garbage or retained memory grows. A command also needs --probe, which finds the retained part.',
  }),
  shard: shardOf({
    flag: 'shard',
    help: 'Run one part of the trials, such as 2/4, on one of several machines. auto/4 takes the number from a Slurm job array or a Kubernetes Indexed Job. tidemark merge joins the parts.',
  }),
  details: flag({ flag: 'details', help: 'Also print the tables, all intervals and the full sentences.' }),
  json: flag({ flag: 'json', help: 'Print the result as JSON on standard output.' }),
}

/** In memory by default, unlike the server: spooled results leave nothing for a cleanup to free. */
export const aggregationCompared = choice({
  ...aggregation,
  default: 'buffered',
  help: 'Where results are kept until aggregation. buffered: in memory, as the frameworks do, so that a cleanup has something to free. spooled: in files, as tidemark server does by default.',
})

/** Options to compare a command of the user's, without a file. */
export const commandOptions = {
  command: text({
    flag: 'command',
    placeholder: 'COMMAND',
    default: undefined,
    help: 'Compare this command instead of a built-in job. {name} is replaced by each value of -L name.',
  }),
  parameters: parameterLists({
    flag: 'parameter-list',
    short: 'L',
    help: 'Values of a {placeholder}, or of an environment variable in capitals; "unset" removes the variable. Write a comma within a value as "\\,". Repeatable.',
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
    help: 'With --command: the log file that --rounds reads, if the program writes one. It may contain {placeholders}.',
  }),
  expectedRounds: integer<undefined>({
    flag: 'expected-rounds',
    min: 1,
    max: 1_000_000,
    default: undefined,
    help: 'With --command: a trial with fewer rounds counts as failed.',
  }),
  probe: probeOption.probe,
  probeRound: probeOption.probeRound,
  roles: namedRoles,
  judge: text({
    flag: 'judge',
    placeholder: 'ROLE',
    default: undefined,
    defaultText: 'server',
    help: 'Role whose memory is judged: the sum of its processes if several run at once, or one of them (worker:largest, worker:4127 for a pid). A plus sign sums roles: server+superlink.',
  }),
  ready: text({
    flag: 'ready',
    placeholder: 'PATTERN',
    default: undefined,
    help: 'With --command: pattern of the output line that says the program is ready.',
  }),
  load: text({
    flag: 'load',
    placeholder: 'COMMAND',
    default: undefined,
    help: 'With --command and --ready: a command that puts load on the program. The trial ends when this command ends.',
  }),
  setup: text({
    flag: 'setup',
    placeholder: 'COMMAND',
    default: undefined,
    help: 'With --command: run this before each trial, without recording it.',
  }),
  teardown: text({
    flag: 'teardown',
    placeholder: 'COMMAND',
    default: undefined,
    help: 'With --command: run this after each trial, also after a failed one.',
  }),
  name: text({
    flag: 'name',
    placeholder: 'NAME',
    default: undefined,
    defaultText: "the program's name",
    help: 'With --command: name of the comparison.',
  }),
}

/** Options of `tidemark merge`. */
export const mergeOptions = {
  out: compareOptions.out,
  anyMachine: flag({
    flag: 'any-machine',
    help: 'Pool trials even if they ran on different types of machines. Every output then has a warning.',
  }),
  details: compareOptions.details,
  json: compareOptions.json,
}

/** Options of `tidemark submit`, which writes a job. */
export const submitOptions = {
  slurm: flag({ flag: 'slurm', help: 'Write a Slurm job array, for sbatch.' }),
  kubernetes: flag({ flag: 'kubernetes', help: 'Write a Kubernetes Indexed Job, for kubectl apply -f.' }),
  shards: integer({ flag: 'shards', min: 1, max: 1000, default: 4, help: 'Number of parts to split the trials into.' }),
  memory: namedSizes({
    flag: 'memory',
    help: 'Memory of each process of a role. Repeatable: --memory server=4GiB --memory client=1GiB.',
  }),
  cores: integer({ flag: 'cores', min: 1, max: 4096, default: 2, help: 'Cores of each part.' }),
  image: text({
    flag: 'image',
    placeholder: 'IMAGE',
    default: undefined,
    help: 'Kubernetes: container image with tidemark in its PATH.',
  }),
  claim: text({
    flag: 'claim',
    placeholder: 'NAME',
    default: 'tidemark-results',
    help: 'Kubernetes: persistent volume claim for the results. Several pods write to it.',
  }),
  results: text({
    flag: 'results',
    placeholder: 'FOLDER',
    default: undefined,
    defaultText: 'runs/<name>-shards',
    help: 'Slurm: folder for the parts, on a file system that all nodes share.',
  }),
  ...fileOptions,
}
