import { bytesPerUnit } from '../cells.js'
import {
  MEMORY_MODIFIERS,
  MEMORY_WORDS,
  MS_PER_UNIT,
  OTHER_WORDS,
  PERCENT_WORDS,
  PHASE_WORDS,
  ROUND_BESIDES,
  ROUND_RANKS,
  RSS_WORDS,
  SERIES_WORDS,
  TIME_BESIDES,
  TIME_RANKS,
  VIRTUAL_WORDS,
  WEAK_MEMORY_WORDS,
} from './column-words.js'

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

/** `MEM USAGE / LIMIT`, `system.proc.memory.rssMB`, `process_resident_memory_bytes`: lower-case words, camel case taken apart. */
function wordsOf(name: string): string[] {
  return name
    .replace(/%/g, ' percent ')
    .replace(/#/g, ' # ')
    .replace(/working[\s_-]*set/gi, ' wss ')
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
    memoryMeaning(joined, name) ??
    roundMeaning(joined) ??
    timeMeaning(joined) ??
    withinMeaning(name) ??
    labelMeaning(joined) ??
    other(joined)
  )
}

/** The last word that is a unit; the exact case tells `kB` from `KB`. */
function sizeUnit(words: readonly string[], name: string): { perUnit: number; word: string } | undefined {
  // `Working Set (K)`: between brackets a letter is a unit too.
  const [, bracketed] = /[([（]\s*([a-z]{1,9})\s*[)\]）]\s*$/i.exec(name) ?? []
  const word =
    bracketed !== undefined && bytesPerUnit(bracketed) !== undefined
      ? bracketed.toLowerCase()
      : words.findLast((one, i) => i > 0 && one.length > 1 && bytesPerUnit(one) !== undefined)
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

/** `ctx.round`, `payload/timestamp`: a field within another, whose name says less than its own. */
function withinMeaning(name: string): ColumnMeaning | undefined {
  const last = wordsOf(name.split(/[./]/).at(-1)!)
  if (!/[./]/.test(name) || last.length === 0) return undefined
  const meaning = roundMeaning(last) ?? timeMeaning(last)
  return meaning === undefined ? undefined : { ...meaning, rank: Math.max(1, meaning.rank - 3) }
}

function labelMeaning(words: readonly string[]): ColumnMeaning | undefined {
  if (words.some((word) => PHASE_WORDS.has(word))) return { kind: 'phase', rank: 0, rest: '' }
  return words.some((word) => SERIES_WORDS.has(word)) ? { kind: 'series', rank: 0, rest: '' } : undefined
}

function other(words: readonly string[]): ColumnMeaning {
  const isOther = words.some((word) => OTHER_WORDS.has(word) || PERCENT_WORDS.has(word))
  return { kind: isOther ? 'other' : 'unknown', rank: 0, rest: words.join(' ') }
}
