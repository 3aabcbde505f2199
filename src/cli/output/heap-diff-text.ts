import { relative } from 'node:path'
import { type GrownLine, growsSteadily, type HeapGrowth } from '../../recording/heap/heap-growth.js'
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
  return [
    `What grew ${where}: ${formatBytes(rssGrowthBytes)}, ${percent(explainedShare)} explained`,
    ...lineRows(growth).map((row) => `  ${row}`),
    `  not explained: ${restText(growth)}`,
    verdictLine(growth),
    ...constructorLines(growth),
    ...costLines(growth),
  ]
    .map(printableLine)
    .join('\n')
}

function lineRows({ lines, lineBytes, lineCount, fromRound, toRound, rssGrowthBytes }: HeapGrowth): string[] {
  const shown = lines.filter(({ bytes }) => bytes >= LEAST_SHARE * rssGrowthBytes).slice(0, MOST_LINES)
  const rest = lineBytes - shown.reduce((sum, { bytes }) => sum + bytes, 0)
  const rows = shown.map((line) => [
    signed(line.bytes),
    placeOf(line),
    line.line === null ? '' : `in ${line.function}`,
    line.text.length > LONGEST_TEXT ? `${line.text.slice(0, LONGEST_TEXT - 3)}...` : line.text,
    `${objectsText(line.objects, toRound - fromRound)}${KINDS[line.kind]}`,
  ])
  const aligned = align(rows)
  const others = lineCount - shown.length
  return others > 0
    ? [...aligned, `${signed(rest).padStart(aligned.length > 0 ? rows[0]![0]!.length : 0)}  ${others} other lines`]
    : aligned
}

const KINDS: Record<GrownLine['kind'], string> = {
  python: 'Python objects',
  numpy: 'numpy arrays',
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
  const native =
    engine === 'v8'
      ? `${formatBytes(nativeBytes ?? 0)} is memory outside of V8's heap`
      : nativeBytes === null
        ? `native memory is not known (${engine} does not see it)`
        : `${formatBytes(nativeBytes)} is native memory of no Python line`
  const own = ownBytes > 0 ? `, ${formatBytes(ownBytes)} of which the measuring itself takes` : ''
  return `${native}, ${formatBytes(retainedBytes)} is free memory or garbage that was kept, ${formatBytes(restBytes)} is the rest${own}`
}

/**
 * Returns the verdict. Lines that explain less than half of the growth are not called its cause.
 */
function verdictLine({ cause, explainedShare, lines, engine, nativeBytes, rssGrowthBytes }: HeapGrowth): string {
  const [first] = lines
  if (cause !== null)
    return `${percent(Math.min(1, first!.bytes / rssGrowthBytes))} of the growth is held ${first!.file === null ? `by ${first!.function}` : `at ${placeOf(first!)}`}`
  if (explainedShare! >= 0.5 && first !== undefined) {
    if (!growsSteadily(first.liveBytes))
      return `No cause is named: ${placeOf(first)} did not grow from round to round, but once or up to a limit`
    return 'No cause is named: no single line holds half of the growth'
  }
  if (engine !== 'v8' && nativeBytes !== null && nativeBytes > 0.5 * rssGrowthBytes)
    return `The growth is not in Python lines: it is native memory, ${
      engine === 'memray'
        ? 'allocated past memray, as by ctypes or by threads of a library'
        : 'which tracemalloc does not see. Install memray beside the program to see its lines'
    }`
  return 'No cause is named: the lines explain less than half of the growth'
}

function constructorLines({ constructors, files }: HeapGrowth): string[] {
  if (constructors === undefined || files === undefined) return []
  const rows = constructors
    .slice(0, MOST_CONSTRUCTORS)
    .map(({ name, objects, selfBytes, retainedBytes }) => [
      `+${formatBytes(retainedBytes)}`,
      signed(selfBytes),
      `+${objects}`,
      name,
    ])
  return [
    'by constructor, which holds what it refers to as well:',
    ...alignRight([['retained', 'own', 'objects', 'constructor'], ...rows]).map((row) => `  ${row}`),
    `heaps, for the memory panel of Chrome's developer tools: ${files.map((file) => relative(process.cwd(), file)).join(' ')}`,
  ]
}

function costLines({ engine, cost, notes, toRound }: HeapGrowth): string[] {
  const { stoodMs, roundMs, roundMsWithout, freedByStopBytes } = cost
  const rounds =
    roundMs === null || roundMsWithout === null
      ? `what a round takes without it is not known, because the program ended with round ${toRound} or soon after`
      : `a round took ${formatDuration(roundMs)} with it and ${formatDuration(roundMsWithout)} after it had stopped`
  const memory = freedByStopBytes === null ? '' : `; ${formatBytes(freedByStopBytes)} came back when it stopped`
  return [
    ...notes.map((note) => `note: ${note}`),
    `cost of measuring (${engine === 'v8' ? "V8's sampling heap profiler" : engine}): the program stood still for ${formatDuration(stoodMs)} to be looked at; ${rounds}${memory}`,
    'The memory of this recording is not to be judged: measuring takes some of it. Record again without --heap-diff for that.',
  ]
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
