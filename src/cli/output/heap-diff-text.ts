import { relative } from 'node:path'
import { type GrownLine, growsSteadily, type HeapGrowth, programGrowth } from '../../recording/heap/heap-growth.js'
import { printableLine } from '../../shared/printable.js'
import { formatBytes, formatDuration } from '../../shared/units.js'

/** Most lines in a terminal; the recording holds the rest. */
const MOST_LINES = 10
const MOST_CONSTRUCTORS = 6
const LONGEST_TEXT = 60
/** Least share of the growth for a line of its own; smaller ones are summed up. */
const LEAST_SHARE = 0.02

/**
 * Describes what grew in one process between two rounds: a row per line of code, then the growth
 * that no line explains, then the cost of measuring.
 */
export function heapDiffText(growth: HeapGrowth): string {
  const { process, fromRound, toRound, rssGrowthBytes, explainedShare } = growth
  const where = `from round ${fromRound} to ${toRound} in ${process.name} (pid ${process.pid})`
  if (explainedShare === null)
    return [`Nothing grew ${where}: RSS ${signed(rssGrowthBytes)}${ownText(growth)}`, ...costLines(growth)]
      .map(printableLine)
      .join('\n')
  // Free memory that went back to the system hides as much growth from RSS.
  const grownBytes = rssGrowthBytes - Math.min(0, growth.retainedBytes ?? 0)
  const hidden =
    rssGrowthBytes < 0.5 * grownBytes ? ` (RSS ${signed(rssGrowthBytes)}, as free memory was given back)` : ''
  return [
    `What grew ${where}: ${formatBytes(grownBytes)}, ${percent(explainedShare)} explained${hidden}`,
    ...lineRows(growth).map((row) => `  ${row}`),
    `  not explained: ${restText(growth)}`,
    verdictLine(growth),
    ...constructorLines(growth),
    ...costLines(growth),
  ]
    .map(printableLine)
    .join('\n')
}

function lineRows(growth: HeapGrowth): string[] {
  const { lines, lineBytes, lineCount, fromRound, toRound } = growth
  const shown = lines.filter(({ bytes }) => bytes >= LEAST_SHARE * programGrowth(growth)).slice(0, MOST_LINES)
  const rest = lineBytes - shown.reduce((sum, { bytes }) => sum + bytes, 0)
  const rows = shown.map((line) => [
    signed(line.bytes),
    placeOf(line),
    line.line === null || line.function === '' ? '' : `in ${line.function}`,
    line.text.length > LONGEST_TEXT ? `${line.text.slice(0, LONGEST_TEXT - 3)}...` : line.text,
    `${objectsText(line.objects, toRound - fromRound)}${KINDS[line.kind]}`,
  ])
  const others = lineCount - shown.length
  return align(
    others > 0 ? [...rows, [signed(rest), `${others} other ${others === 1 ? 'line' : 'lines'}`, '', '', '']] : rows,
  )
}

const KINDS: Record<GrownLine['kind'], string> = {
  python: 'Python objects',
  numpy: 'numpy arrays',
  modules: 'modules that were loaded',
  native: 'native memory (numpy, torch or another library)',
  v8: '',
}

function placeOf({ file, line, function: name }: GrownLine): string {
  if (file === null) return `held by ${name}`
  const path = relative(process.cwd(), file)
  return `${path.startsWith('..') ? file : path}:${line}`
}

function objectsText(objects: number, rounds: number): string {
  if (objects <= 0) return ''
  const each = objects / rounds
  return each < 1 ? `${objects} blocks, ` : `${Math.round(each)} blocks a round, `
}

function restText({ engine, nativeBytes, retainedBytes, restBytes, ownBytes }: HeapGrowth): string {
  const outside = engine === 'v8' ? "memory outside of V8's heap" : 'native memory'
  const native =
    nativeBytes === null
      ? `${outside} is not known${engine === 'v8' ? '' : ` (${engine} does not see it)`}`
      : `${formatBytes(nativeBytes)} is ${engine === 'v8' ? outside : 'native memory of no Python line'}`
  const kept =
    retainedBytes === null
      ? 'nor is free memory'
      : `${formatBytes(retainedBytes)} is free memory or garbage that was kept`
  const own = ownBytes > 0 ? `, ${formatBytes(ownBytes)} of which the measuring itself takes` : ''
  return `${native}, ${kept}, ${formatBytes(restBytes)} is the rest${own}`
}

/**
 * Returns the verdict. Lines that explain less than half of the growth are not called its cause.
 */
function verdictLine(growth: HeapGrowth): string {
  const { cause, explainedShare, lines } = growth
  const [first] = lines
  if (cause !== null) {
    const share = percent(Math.min(1, first!.bytes / programGrowth(growth)))
    return `${share} of the growth is held ${first!.file === null ? `by ${first!.function}` : `at ${placeOf(first!)}`}`
  }
  if (explainedShare! >= 0.5 && first !== undefined) {
    if (first.kind === 'modules') return `No cause is named: ${placeOf(first)} loaded modules, each of them once`
    if (!growsSteadily(first.liveBytes))
      return `No cause is named: ${placeOf(first)} did not grow from round to round, but once, up to a limit, or up and down`
    return 'No cause is named: no single line holds half of the growth'
  }
  return growth.engine === 'v8'
    ? 'No cause is named: the lines explain less than half of the growth'
    : notInLines(growth)
}

/** Says which other part of a Python program's growth is more than half of it. */
function notInLines(growth: HeapGrowth): string {
  const { engine, nativeBytes, retainedBytes, restBytes, ownBytes } = growth
  const half = 0.5 * programGrowth(growth)
  const unseenBytes = (nativeBytes ?? 0) + Math.max(0, restBytes - ownBytes)
  if (unseenBytes > half)
    return `The growth is not in Python lines: it is native memory, ${
      engine === 'memray'
        ? 'taken past memray, as by ctypes, by threads for their stacks, or by pages of files'
        : 'which tracemalloc does not see. Install memray beside the program to see its lines'
    }`
  if (retainedBytes !== null && retainedBytes > half)
    return 'The growth is not in Python lines: it is free memory or garbage that the process keeps'
  return 'No cause is named: the lines explain less than half of the growth'
}

function constructorLines({ constructors, files }: HeapGrowth): string[] {
  if (constructors === undefined || files === undefined) return []
  const rows = constructors
    .slice(0, MOST_CONSTRUCTORS)
    .map(({ name, objects, selfBytes, retainedBytes, path }) => [
      `+${formatBytes(retainedBytes)}`,
      signed(selfBytes),
      objects < 0 ? String(objects) : `+${objects}`,
      name,
      path ?? '',
    ])
  return [
    'by constructor, which holds what it refers to as well:',
    ...alignRight([['retained', 'own', 'objects', 'constructor', 'kept by'], ...rows]).map((row) => `  ${row}`),
    `heaps, for the memory panel of Chrome's developer tools: ${files.map((file) => relative(process.cwd(), file)).join(' ')}`,
  ]
}

function costLines({ engine, cost, notes, toRound }: HeapGrowth): string[] {
  const { stoodMs, freedByStopBytes } = cost
  const memory = freedByStopBytes === null ? '' : `; ${formatBytes(freedByStopBytes)} came back when it stopped`
  return [
    ...notes.map((note) => `note: ${note}`),
    `cost of measuring (${engine === 'v8' ? "V8's sampling heap profiler" : engine}): the program stood still for ${formatDuration(stoodMs)} to be looked at; ${roundCostText(cost, toRound)}${memory}`,
    'The memory of this recording is not to be judged: measuring takes some of it. Record again without --heap-diff for that.',
  ]
}

/**
 * Compares a round with the measurement and without. A later round may do other work, so that the
 * two times are named and no share is made of them.
 */
function roundCostText({ roundMs, roundMsWithout }: HeapGrowth['cost'], toRound: number): string {
  if (roundMs === null) return 'too few rounds without a look to say what a round took with it'
  if (roundMsWithout === null)
    return `a round took ${formatDuration(roundMs)} with it; without it is not known, because fewer than three rounds came after round ${toRound + 1}`
  if (roundMs <= roundMsWithout)
    return `no slowdown could be shown: a round took ${formatDuration(roundMs)} with it and ${formatDuration(roundMsWithout)} after it had stopped`
  return `a round took ${formatDuration(roundMs)} with it and ${formatDuration(roundMsWithout)} after it had stopped`
}

function ownText({ ownBytes }: HeapGrowth): string {
  return ownBytes > 0 ? `, ${formatBytes(ownBytes)} of it taken by the measuring itself` : ''
}

function signed(bytes: number): string {
  return `${bytes < 0 ? '' : '+'}${formatBytes(bytes)}`
}

function align(rows: readonly string[][]): string[] {
  return alignRight(rows, 1)
}

/** Lays out columns two blanks apart, the first `right` of them aligned right. */
function alignRight(rows: readonly string[][], right = 3): string[] {
  const [head = []] = rows
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) =>
    row
      .map((cell, column) => (column < right ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd(),
  )
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
