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
  UNCLEAR_UNITS,
  VIRTUAL_WORDS,
  WEAK_MEMORY_WORDS,
} from './column-words.js'

/** The meaning that a column's name gives to its values. */
export interface ColumnMeaning {
  kind: 'memory' | 'percent' | 'virtual' | 'round' | 'time' | 'series' | 'phase' | 'other' | 'unknown'
  /**
   * Certainty that this column was meant, compared with others of its kind; higher is more certain.
   */
  rank: number
  /** Factor per unit, if the name gives one: ms for time, bytes for memory. */
  perUnit?: number
  /** A unit in the name whose bytes depend on the machine: `pages`. */
  unclearUnit?: string
  /** Words that remain without those of memory and units: `client` of `client_rss_mb`. */
  rest: string
}

/**
 * Splits a name such as `MEM USAGE / LIMIT`, `system.proc.memory.rssMB` or
 * `process_resident_memory_bytes` into lower-case words, camel case included.
 */
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

/**
 * A label set of Prometheus, `{__name__="...", pod="..."}` or `name{pod="..."}`. `__name__` is the
 * metric; the other labels identify the process.
 */
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
  // Split a unit that directly follows a word: `rssMB`, `memMiB`.
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

/** Returns the last word that is a unit; only the exact case distinguishes `kB` from `KB`. */
function sizeUnit(words: readonly string[], name: string): { perUnit: number; word: string } | undefined {
  // Between brackets a single letter is a unit too: `Working Set (K)`.
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
    // `peak_bytes` has a unit; `peak` alone does not imply memory.
    return undefined
  }
  if (has(PERCENT_WORDS)) return { kind: 'percent', rank: 0, rest: '' }
  const isUsageOfLimit = words.includes('usage') && words.includes('limit')
  if (words.some((word) => OTHER_WORDS.has(word)) && !isUsageOfLimit) return { kind: 'other', rank: 0, rest: '' }
  // Weights & Biases gives this name to the machine's percentage of memory in use.
  if (words.join('.') === 'system.memory') return { kind: 'percent', rank: 0, rest: '' }
  if (isVirtual) return { kind: 'virtual', rank: 0, rest: '', ...(unit && { perUnit: unit.perUnit }) }
  const modifiers = words.reduce((sum, word) => sum + (MEMORY_MODIFIERS[word] ?? 0), 0)
  const known = (word: string) =>
    RSS_WORDS.has(word) ||
    MEMORY_WORDS.has(word) ||
    WEAK_MEMORY_WORDS.has(word) ||
    word === unit?.word ||
    UNCLEAR_UNITS.has(word)
  const rest = words.filter((word) => !known(word)).join(' ')
  return {
    kind: 'memory',
    rank: Math.max(strength, 15) + modifiers + (has(MEMORY_WORDS) && has(RSS_WORDS) ? 1 : 0),
    rest,
    ...unclearUnit(words),
    ...(unit === undefined ? impliedUnit(words) : { perUnit: unit.perUnit }),
  }
}

function unclearUnit(words: readonly string[]): { unclearUnit?: string } {
  const unit = words.findLast((word) => UNCLEAR_UNITS.has(word))
  return unit === undefined ? {} : { unclearUnit: unit }
}

/** Returns the unit of names that stand for one unit in the programs that print them. */
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

/**
 * Reads a field within another, such as `ctx.round` or `payload/timestamp`: the outer name says
 * less than the field's own.
 */
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
  return { kind: isOther ? 'other' : 'unknown', rank: 0, rest: words.join(' '), ...unclearUnit(words) }
}
