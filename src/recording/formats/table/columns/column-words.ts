export const RSS_WORDS = new Set(['rss', 'resident', 'vmrss', 'res', 'maxrss', 'averss', 'vmhwm', 'wss'])
export const MEMORY_WORDS = new Set([
  'memory',
  'mem',
  'ram',
  'rmem',
  'uss',
  'pss',
  'memusage',
  'speicher',
  'arbeitsspeicher',
  'memoria',
  'memoire',
])
export const WEAK_MEMORY_WORDS = new Set(['value', 'heap', 'usage', 'used', 'real', 'bytes'])
export const VIRTUAL_WORDS = new Set([
  'virt',
  'vsz',
  'vms',
  'virtual',
  'vmsize',
  'vmpeak',
  'maxvmsize',
  'avevmsize',
  'vsize',
])
export const PERCENT_WORDS = new Set([
  'percent',
  'pct',
  'percentage',
  'perc',
  'ratio',
  'util',
  'utilization',
  'utilisation',
  'share',
])
/** Units that are no fixed number of bytes on every machine, or none of memory. */
export const UNCLEAR_UNITS = new Set(
  'page pages pgs pg pagesize hugepages block blocks sectors words bit bits kbit mbit gbit kbits mbits gbits'.split(
    ' ',
  ),
)
/** Words that rule out resident memory, whatever else the name says. */
export const OTHER_WORDS = new Set(
  (
    'cpu cpus cores gpu cuda vram threads thread nproc fds fd handles files net network disk io swap shared shr shrd cache cached buffers ' +
    'buff total free available avail active inactive limit request requests quota loss acc accuracy f1 auc lr faults minflt majflt ' +
    'delta diff difference increase growth growths change slope latency throughput duration took gc collections objects ' +
    'size length norm priority pri ni nice power temp temperature battery uid gid ppid tty stat state status flags user'
  ).split(' '),
)
/**
 * Words for parts of RSS and for moments within a round: such a column is read only if no name says
 * the end.
 */
export const MEMORY_MODIFIERS: Record<string, number> = {
  end: 6,
  after: 6,
  final: 6,
  last: 4,
  work: -4,
  mean: -3,
  avg: -3,
  // Average over the tasks of a step of Slurm, printed next to their maximum.
  ave: -6,
  average: -3,
  median: -3,
  start: -8,
  begin: -8,
  before: -8,
  initial: -8,
  peak: -5,
  max: -5,
  maximum: -5,
  hwm: -5,
  highest: -5,
  min: -9,
  minimum: -9,
  lowest: -9,
  std: -20,
  stddev: -20,
  anon: -12,
  file: -12,
  shmem: -12,
}

export const ROUND_RANKS: Record<string, number> = {
  round: 50,
  rounds: 50,
  rnd: 48,
  runde: 48,
  ronda: 48,
  roundnum: 48,
  roundnumber: 48,
  roundidx: 48,
  roundid: 48,
  epoch: 40,
  epochs: 40,
  epoche: 40,
  iteration: 30,
  iterations: 30,
  iter: 30,
  it: 20,
  step: 26,
  steps: 26,
  cycle: 24,
  generation: 22,
  episode: 22,
  batch: 14,
  index: 8,
  idx: 8,
  nr: 8,
  no: 8,
  '#': 8,
  n: 6,
  i: 6,
  t: 0,
}
/**
 * Words that may accompany the word for a round: `server_round`, `comm_round`, `Round #`,
 * `global_step`.
 */
export const ROUND_BESIDES = new Set(
  (
    'server comm communication global fl federated federation training train trainer current curr cur aggregation agg ' +
    'aggregator outer main number num nr no idx index id count # n of the log learning my model'
  ).split(' '),
)

export const TIME_RANKS: Record<string, number> = {
  timestamp: 50,
  timestamps: 50,
  datetime: 50,
  zeitstempel: 50,
  zeit: 48,
  uhrzeit: 44,
  datum: 42,
  time: 48,
  ts: 46,
  wall: 44,
  walltime: 44,
  unixtime: 44,
  asctime: 44,
  date: 42,
  elapsed: 40,
  etime: 40,
  ended: 38,
  runtime: 36,
  uptime: 34,
  seconds: 32,
  secs: 32,
  sec: 32,
  started: 30,
  created: 28,
  clock: 28,
  moment: 28,
  when: 28,
  hours: 20,
  minutes: 20,
  ms: 20,
  t: 18,
  s: 16,
}
export const TIME_BESIDES = new Set(
  'wall unix utc local relative rel process start end since at log event sample sampled of the epoch ended started in stamp date time seconds sec s ms us ns elapsed'.split(
    ' ',
  ),
)
export const MS_PER_UNIT: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  msec: 1,
  millis: 1,
  milliseconds: 1,
  microseconds: 1e-3,
  nanoseconds: 1e-6,
  s: 1000,
  sec: 1000,
  secs: 1000,
  second: 1000,
  seconds: 1000,
  sekunden: 1000,
  min: 60_000,
  mins: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hours: 3_600_000,
}

export const SERIES_WORDS = new Set(
  (
    'pid tid pids client clients clientname cid container containers pod pods name names job jobs jobid jobname jobidraw host hosts ' +
    'hostname node nodename instance process processes proc procname worker workers rank role roles site sites party peer peers id ' +
    'replica service namespace ns command cmd comm cmdline run runs runid trial trials setting settings experiment server origin device ' +
    'series tag label entity member participant collaborator app component silo deployment image variant group rankid localrank'
  ).split(' '),
)
export const PHASE_WORDS = new Set(
  'phase phases stage stages when point event events moment position at checkpoint location where'.split(' '),
)

/** Values that stand for moments within a round, whatever the column's name is. */
export const PHASE_VALUES = new Set(
  (
    'begin beginning start started before pre end ended after post finish finished done aggregate aggregation aggregated train training fit ' +
    'evaluate evaluation eval validate validation send receive broadcast load save gc cleanup init setup teardown round_start round_end'
  ).split(' '),
)
