import { basename } from 'node:path'
import type { RecordingFile } from '../../recording/formats/open-recording.js'
import type { FunctionEvent, ProcessEvent, RoundEvent } from '../../recording/formats/recording-event.js'
import { DownsamplingSeries } from '../downsampling-series.js'

/** A part of a recording, in ms from its first reading. */
export interface TimeWindow {
  fromMs: number
  toMs: number
}

/** Data that a plot needs of one recording. Times are in ms from its first reading. */
export interface DrawnRecording {
  /** Name of the file or folder. */
  name: string
  command: string | null
  /** Unix ms of the first reading where the format has dates, else 0. */
  startMs: number
  /** The sum of the tree, or the one process that the file describes. */
  whole: DownsamplingSeries
  /**
   * Whether the whole is known to be a sum. That of mprof may be one, or the first process alone;
   * its file does not say.
   */
  isSum: boolean
  processes: { pid: number; name: string; series: DownsamplingSeries }[]
  /** Rounds of the process whose rounds are drawn. */
  rounds: DrawnRound[]
  /**
   * Unit of the x axis. For a table of rounds without times, a second of the times here stands for
   * a round.
   */
  axis: 'time' | 'rounds'
  functions: FunctionEvent[]
  notes: string[]
}

export interface DrawnRound {
  round: number
  startMs: number
  endMs: number
  pid: number | null
  peakBytes: number | null
  peakKind: RoundEvent['peakKind']
}

const MS_OF_A_ROUND = 1000

/**
 * Most function calls that are drawn, the longest first; more could not be distinguished in a plot.
 */
const MOST_FUNCTIONS = 200

/**
 * Reads a recording for drawing and downsamples it as it is read.
 *
 * @param window limits the readings to a part of the time; left out: all of them
 * @throws UsageError when the file is broken
 */
export function drawnRecording(file: RecordingFile, window?: TimeWindow): DrawnRecording {
  const base = basename(file.path.replace(/\/+$/, ''))
  const name = file.part === null ? base : `${base} (${file.part})`
  const whole = new DownsamplingSeries()
  const series = new Map<number, DownsamplingSeries>()
  const processes: ProcessEvent[] = []
  const rounds: RoundEvent[] = []
  const notes: string[] = []
  let isSum = false
  let functions: FunctionEvent[] = []
  let command: string | null = null
  let startMs: number | undefined
  const onReading = (pid: number | null, unixMs: number, rssBytes: number | null) => {
    startMs ??= unixMs
    const timeMs = unixMs - startMs
    if (window !== undefined && (timeMs < window.fromMs || timeMs > window.toMs)) return
    seriesOf(pid, whole, series).add(timeMs, rssBytes)
  }
  const onReadingOfRound = (round: number, rssBytes: number | null) => {
    const timeMs = round * MS_OF_A_ROUND
    if (window === undefined || (timeMs >= window.fromMs && timeMs <= window.toMs)) whole.add(timeMs, rssBytes)
  }
  for (const event of file.eventsPast(onReading)) {
    if (event.kind === 'command') command ??= event.command
    else if (event.kind === 'origin') isSum = String(event.facts.format).startsWith('tidemark-recording/')
    else if (event.kind === 'process') processes.push(event)
    else if (event.kind === 'round') rounds.push(event)
    else if (event.kind === 'note') notes.push(event.message)
    else if (event.kind === 'function') {
      functions.push(event)
      if (functions.length > 2 * MOST_FUNCTIONS) functions = longest(functions)
    }
  }
  const axis =
    startMs === undefined && rounds.length > 0 && rounds.every((round) => round.startMs === null) ? 'rounds' : 'time'
  if (axis === 'rounds') for (const { round, endRssBytes } of rounds) onReadingOfRound(round, endRssBytes)
  const zeroMs = startMs ?? 0
  return {
    name,
    command,
    startMs: zeroMs,
    whole,
    isSum,
    processes: namedSeries(series, processes),
    rounds: drawnRounds(rounds, zeroMs),
    axis,
    functions: longest(functions).map((call) => ({
      ...call,
      startMs: call.startMs - zeroMs,
      endMs: call.endMs - zeroMs,
    })),
    notes,
  }
}

function seriesOf(
  pid: number | null,
  whole: DownsamplingSeries,
  series: Map<number, DownsamplingSeries>,
): DownsamplingSeries {
  if (pid === null) return whole
  const known = series.get(pid)
  if (known !== undefined) return known
  const own = new DownsamplingSeries()
  series.set(pid, own)
  return own
}

/**
 * Returns series named `name`, or `name (pid)` where several processes share a name. Series without
 * a reading, such as mprof's pid 0, are left out.
 */
function namedSeries(
  series: ReadonlyMap<number, DownsamplingSeries>,
  processes: readonly ProcessEvent[],
): DrawnRecording['processes'] {
  const nameOf = new Map(processes.map(({ pid, name }) => [pid, name]))
  const isUnique = (name: string) => processes.filter((process) => process.name === name).length === 1
  return [...series].flatMap(([pid, own]) => {
    if (own.highest === null) return []
    const name = nameOf.get(pid)
    const label = name === undefined ? `pid ${pid}` : isUnique(name) ? name : `${name} (${pid})`
    return [{ pid, name: label, series: own }]
  })
}

/** Returns the rounds of a server where one is known, else of the process that has most of them. */
function drawnRounds(rounds: readonly RoundEvent[], zeroMs: number): DrawnRound[] {
  const groups = new Map<number | null, RoundEvent[]>()
  for (const round of rounds) {
    const pid = round.process?.pid ?? null
    const group = groups.get(pid)
    if (group === undefined) groups.set(pid, [round])
    else group.push(round)
  }
  const candidates = [...groups.values()].sort((a, b) => rank(b) - rank(a))
  return (candidates[0] ?? []).flatMap(({ round, startMs, endMs, process, peakBytes, peakKind }) => {
    if (startMs === null || endMs === null) return []
    return [{ round, startMs: startMs - zeroMs, endMs: endMs - zeroMs, pid: process?.pid ?? null, peakBytes, peakKind }]
  })
}

function rank(rounds: readonly RoundEvent[]): number {
  return (rounds[0]!.process?.role === 'server' ? 1e9 : 0) + rounds.length
}

function longest(functions: readonly FunctionEvent[]): FunctionEvent[] {
  if (functions.length <= MOST_FUNCTIONS) return [...functions]
  const duration = ({ startMs, endMs }: FunctionEvent) => endMs - startMs
  return [...functions].sort((a, b) => duration(b) - duration(a)).slice(0, MOST_FUNCTIONS)
}
