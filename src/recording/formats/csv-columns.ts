import { UsageError } from '../../errors.js'
import { MIB } from '../../units.js'

/** Which columns of a table are read, and what their numbers mean. */
export interface CsvColumns {
  time: { index: number; msPerUnit: number } | null
  round: { index: number } | null
  rss: { index: number; name: string; bytesPerUnit: number }
}

/** Word, then perhaps a unit behind `_`, in brackets or in parentheses: `rss_bytes`, `rss [KiB]`, `time (ms)`. */
const HEADER = /^(.*?)(?:[_\s]?[[(]\s*(\w+)\s*[\])]|[_\s](\w+))?$/

const TIME_NAMES = ['time', 'timestamp', 'elapsed', 'elapsed_time', 'seconds', 't']
const ROUND_NAMES = ['round', 'rounds', 'epoch', 'iteration']
/** The one that is read when there are several; `mem_real` is psrecord's. */
const RSS_NAMES = ['rss', 'end_rss', 'mem_real', 'memory', 'mem', 'memory_usage']

const MS_PER_UNIT: Record<string, number> = { ms: 1, s: 1000, sec: 1000, seconds: 1000, min: 60_000, h: 3_600_000 }
const BYTES_PER_UNIT: Record<string, number> = {
  b: 1,
  bytes: 1,
  byte: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 1024,
  mib: MIB,
  gib: 1024 * MIB,
}

/**
 * Finds the columns by their names. Without a unit in its name time is in seconds and memory in MiB.
 *
 * @param column the column of memory to read, as `--column` names it
 * @throws UsageError that lists what there is
 */
export function csvColumns(file: string, header: readonly string[], column: string | undefined): CsvColumns {
  const time = find(header, TIME_NAMES, MS_PER_UNIT)
  const round = find(header, ROUND_NAMES, {})
  if (time === undefined && round === undefined)
    throw new UsageError(`${file}, line 1: found ${list(header)}, expected a column "time" or "round"`, {
      fix: 'The first line names the columns, for example: time,rss',
    })
  const own = new Set([time?.index, round?.index])
  const others = header.map((name, index) => ({ name, index })).filter(({ index }) => !own.has(index))
  return {
    time: time === undefined ? null : { index: time.index, msPerUnit: time.factor ?? 1000 },
    round: round === undefined ? null : { index: round.index },
    rss: rssColumn(file, others, column),
  }
}

interface Named {
  name: string
  index: number
}

function rssColumn(file: string, others: readonly Named[], column: string | undefined): CsvColumns['rss'] {
  const chosen = column === undefined ? defaultColumn(others) : others.find(({ name }) => name === column)
  if (chosen === undefined) {
    const found = `${file}, line 1: found ${list(others.map(({ name }) => name))}`
    throw column === undefined
      ? new UsageError(`${found}, expected a column "rss"`, { fix: 'Name the column of memory: --column NAME' })
      : new UsageError(`${found}, expected a column "${column}", as --column asks`)
  }
  const { word, unit } = wordAndUnit(chosen.name, BYTES_PER_UNIT)
  return { ...chosen, bytesPerUnit: unit === undefined || word === 'mem_real' ? MIB : BYTES_PER_UNIT[unit]! }
}

function defaultColumn(others: readonly Named[]): Named | undefined {
  for (const known of RSS_NAMES) {
    const named = others.find(({ name }) => wordAndUnit(name, BYTES_PER_UNIT).word === known)
    if (named !== undefined) return named
  }
  return others.length === 1 ? others[0] : undefined
}

function find(
  header: readonly string[],
  names: readonly string[],
  units: Record<string, number>,
): { index: number; factor: number | undefined } | undefined {
  for (const known of names) {
    const index = header.findIndex((name) => wordAndUnit(name, units).word === known)
    if (index < 0) continue
    const { unit } = wordAndUnit(header[index]!, units)
    return { index, factor: unit === undefined ? undefined : units[unit] }
  }
  return undefined
}

/** `elapsed_time` has no unit: what stands behind the last `_` counts only when it is one. */
function wordAndUnit(name: string, units: Record<string, number>): { word: string; unit?: string } {
  const [, word = '', inBrackets, behind] = HEADER.exec(name.trim().toLowerCase()) ?? []
  const unit = inBrackets ?? behind
  if (unit === undefined || !(unit in units)) return { word: name.trim().toLowerCase() }
  return { word: word.trim(), unit }
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'no other column' : `the columns ${names.map((name) => `"${name}"`).join(', ')}`
}
