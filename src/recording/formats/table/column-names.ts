import { bytesPerUnit } from './cells.js'

/** What the name of a column says that its values are. */
export interface ColumnMeaning {
  kind: 'memory' | 'percent' | 'virtual' | 'round' | 'time' | 'series' | 'phase' | 'other' | 'unknown'
  /** The higher, the more certainly this is the column that was meant, among those of one kind. */
  rank: number
  /** Of time in ms, of memory in bytes, where the name tells. */
  perUnit?: number
  /** The words that are left when those of memory and units are taken out: `client` of `client_rss_mb`. */
  rest: string
}

const RSS_WORDS = new Set(['rss', 'resident', 'vmrss', 'res', 'maxrss', 'averss', 'vmhwm', 'wss'])
const MEMORY_WORDS = new Set(['memory', 'mem', 'ram', 'rmem', 'uss', 'pss', 'memusage'])
const WEAK_MEMORY_WORDS = new Set(['value', 'heap', 'usage', 'used', 'real', 'bytes'])
const VIRTUAL_WORDS = new Set(['virt', 'vsz', 'vms', 'virtual', 'vmsize', 'vmpeak', 'maxvmsize', 'avevmsize', 'vsize'])
const PERCENT_WORDS = new Set([
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
/** Nobody's resident memory, whatever else the name says. */
const OTHER_WORDS = new Set(
  (
    'cpu cpus cores gpu cuda vram threads thread nproc fds fd handles files net network disk io swap shared shr shrd cache cached buffers ' +
    'buff total free available avail active inactive limit request requests quota loss acc accuracy f1 auc lr faults minflt majflt ' +
    'delta diff difference increase growth growths change slope latency throughput duration took gc collections objects ' +
    'size length norm priority pri ni nice power temp temperature battery uid gid ppid tty stat state status flags user'
  ).split(' '),
)
/** Parts of RSS, and moments within a round: read only where nothing names the end. */
const MEMORY_MODIFIERS: Record<string, number> = {
  end: 6,
  after: 6,
  final: 6,
  last: 4,
  work: -4,
  mean: -3,
  avg: -3,
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

const ROUND_RANKS: Record<string, number> = {
  round: 50,
  rounds: 50,
  rnd: 48,
  roundnum: 48,
  roundnumber: 48,
  roundidx: 48,
  roundid: 48,
  epoch: 40,
  epochs: 40,
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
/** Words that may stand beside the word for a round: `server_round`, `comm_round`, `Round #`, `global_step`. */
const ROUND_BESIDES = new Set(
  (
    'server comm communication global fl federated federation training train trainer current curr cur aggregation agg ' +
    'aggregator outer main number num nr no idx index id count # n of the log learning my model'
  ).split(' '),
)

const TIME_RANKS: Record<string, number> = {
  timestamp: 50,
  timestamps: 50,
  datetime: 50,
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
const TIME_BESIDES = new Set(
  'wall unix utc local relative rel process start end since at log event sample sampled of the epoch ended started in stamp date time seconds sec s ms us ns elapsed'.split(
    ' ',
  ),
)
const MS_PER_UNIT: Record<string, number> = {
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
  min: 60_000,
  mins: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hours: 3_600_000,
}

const SERIES_WORDS = new Set(
  (
    'pid tid pids client clients clientname cid container containers pod pods name names job jobs jobid jobname jobidraw host hosts ' +
    'hostname node nodename instance process processes proc procname worker workers rank role roles site sites party peer peers id ' +
    'replica service namespace ns command cmd comm cmdline run runs runid trial trials setting settings experiment server origin device ' +
    'series tag label entity member participant collaborator app component silo deployment image variant group rankid localrank'
  ).split(' '),
)
const PHASE_WORDS = new Set(
  'phase phases stage stages when point event events moment position at checkpoint location where'.split(' '),
)

/** Values of a column that stand for moments within a round, whatever its name is. */
export const PHASE_VALUES = new Set(
  (
    'begin beginning start started before pre end ended after post finish finished done aggregate aggregation aggregated train training fit ' +
    'evaluate evaluation eval validate validation send receive broadcast load save gc cleanup init setup teardown round_start round_end'
  ).split(' '),
)

/** `MEM USAGE / LIMIT`, `system.proc.memory.rssMB`, `process_resident_memory_bytes`: lower-case words, camel case taken apart. */
function wordsOf(name: string): string[] {
  return name
    .replace(/%/g, ' percent ')
    .replace(/#/g, ' # ')
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z\dµ#]+/)
    .filter((word) => word !== '')
}

/** A label set of Prometheus, `{__name__="...", pod="..."}` or `name{pod="..."}`: the metric, and the rest tells whose it is. */
const LABEL_SET = /^([a-zA-Z_:][\w:]*)?\{(.*)\}$/s

export function columnMeaning(name: string): ColumnMeaning {
  const [, metricBefore, labels] = LABEL_SET.exec(name.trim()) ?? []
  if (labels !== undefined) {
    const metric = metricBefore ?? /__name__="([^"]*)"/.exec(labels)?.[1] ?? ''
    const whose = labels.replace(/__name__="[^"]*",?\s*/, '').trim()
    const meaning = columnMeaning(metric)
    const isMemory = meaning.kind === 'memory' || meaning.kind === 'unknown'
    return { ...meaning, kind: isMemory ? 'memory' : meaning.kind, rank: Math.max(meaning.rank, 20), rest: whose }
  }
  const words = wordsOf(name)
  // `rssMB`, `memMiB`: a unit behind a word without anything between.
  const joined = words.flatMap((word) => {
    const [, head, unit] = /^(rss|mem|memory|ram|heap|uss|pss)(b|kb|mb|gb|kib|mib|gib)$/.exec(word) ?? []
    return head === undefined ? [word] : [head, unit!]
  })
  return (
    memoryMeaning(joined, name) ?? roundMeaning(joined) ?? timeMeaning(joined) ?? labelMeaning(joined) ?? other(joined)
  )
}

/** The last word that is a unit; the exact case tells `kB` from `KB`. */
function sizeUnit(words: readonly string[], name: string): { perUnit: number; word: string } | undefined {
  const word = words.findLast((one, i) => i > 0 && one.length > 1 && bytesPerUnit(one) !== undefined)
  if (word === undefined) return undefined
  const isOfProc = word === 'kb' && /kB(?![a-z])/.test(name)
  return { perUnit: bytesPerUnit(isOfProc ? 'kB' : word)!, word }
}

function memoryMeaning(words: readonly string[], name: string): ColumnMeaning | undefined {
  const has = (set: ReadonlySet<string>) => words.some((word) => set.has(word))
  const isVirtual = has(VIRTUAL_WORDS)
  const strength = has(RSS_WORDS) ? 100 : has(MEMORY_WORDS) ? 60 : has(WEAK_MEMORY_WORDS) ? 20 : isVirtual ? 10 : 0
  const unit = sizeUnit(words, name)
  if (strength === 0 && unit === undefined) {
    // `peak_bytes` has a unit; `peak` alone says nothing of memory.
    return undefined
  }
  if (has(PERCENT_WORDS)) return { kind: 'percent', rank: 0, rest: '' }
  const isUsageOfLimit = words.includes('usage') && words.includes('limit')
  if (words.some((word) => OTHER_WORDS.has(word)) && !isUsageOfLimit) return { kind: 'other', rank: 0, rest: '' }
  // Weights & Biases calls the machine's percentage of memory in use just that.
  if (words.join('.') === 'system.memory') return { kind: 'percent', rank: 0, rest: '' }
  if (isVirtual) return { kind: 'virtual', rank: 0, rest: '', ...(unit && { perUnit: unit.perUnit }) }
  const modifiers = words.reduce((sum, word) => sum + (MEMORY_MODIFIERS[word] ?? 0), 0)
  const known = (word: string) =>
    RSS_WORDS.has(word) || MEMORY_WORDS.has(word) || WEAK_MEMORY_WORDS.has(word) || word === unit?.word
  const rest = words.filter((word) => !known(word)).join(' ')
  return {
    kind: 'memory',
    rank: Math.max(strength, 15) + modifiers + (has(MEMORY_WORDS) && has(RSS_WORDS) ? 1 : 0),
    rest,
    ...(unit === undefined ? impliedUnit(words) : { perUnit: unit.perUnit }),
  }
}

/** Names that stand for one unit in the programs that print them. */
function impliedUnit(words: readonly string[]): { perUnit?: number } {
  const isOfProc =
    words.includes('vmrss') || words.includes('vmhwm') || (words.includes('ru') && words.includes('maxrss'))
  return isOfProc ? { perUnit: 1024 } : {}
}

function roundMeaning(words: readonly string[]): ColumnMeaning | undefined {
  const ranks = words.map((word) => ROUND_RANKS[word] ?? -1)
  const rank = Math.max(-1, ...ranks)
  if (rank < 0 || (words.length === 1 && words[0] === 't')) return undefined
  const areAllKnown = words.every((word) => word in ROUND_RANKS || ROUND_BESIDES.has(word))
  return areAllKnown ? { kind: 'round', rank, rest: '' } : undefined
}

function timeMeaning(words: readonly string[]): ColumnMeaning | undefined {
  const rank = Math.max(-1, ...words.map((word) => TIME_RANKS[word] ?? -1))
  if (rank < 0 || !words.every((word) => word in TIME_RANKS || TIME_BESIDES.has(word) || word in MS_PER_UNIT))
    return undefined
  const unit = words.findLast((word) => word in MS_PER_UNIT)
  return { kind: 'time', rank, rest: '', ...(unit === undefined ? {} : { perUnit: MS_PER_UNIT[unit]! }) }
}

function labelMeaning(words: readonly string[]): ColumnMeaning | undefined {
  if (words.some((word) => PHASE_WORDS.has(word))) return { kind: 'phase', rank: 0, rest: '' }
  return words.some((word) => SERIES_WORDS.has(word)) ? { kind: 'series', rank: 0, rest: '' } : undefined
}

function other(words: readonly string[]): ColumnMeaning {
  const isOther = words.some((word) => OTHER_WORDS.has(word) || PERCENT_WORDS.has(word))
  return { kind: isOther ? 'other' : 'unknown', rank: 0, rest: words.join(' ') }
}
