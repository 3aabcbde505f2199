import { median } from '../../../statistics/median.js'
import type { TimeColumn } from './columns/position-columns.js'
import type { InRound } from './table-options.js'

/** Readings in the order of their rows, in 32 bytes each, so that a table of millions fits. */
export class Readings {
  /** Round, or NaN. */
  rounds = new Float64Array(64)
  /** Time in ms, or NaN. */
  timesMs = new Float64Array(64)
  /** Memory in bytes; NaN where nothing was read. */
  bytes = new Float64Array(64)
  /** Line of the file; 0 for a reading that has none. */
  lines = new Float64Array(64)
  length = 0

  add(round: number, timeMs: number, bytes: number | null, line = 0): void {
    if (this.length === this.rounds.length) {
      this.rounds = grown(this.rounds)
      this.timesMs = grown(this.timesMs)
      this.bytes = grown(this.bytes)
      this.lines = grown(this.lines)
    }
    this.rounds[this.length] = round
    this.timesMs[this.length] = timeMs
    this.bytes[this.length] = bytes ?? Number.NaN
    this.lines[this.length] = line
    this.length++
  }

  /** Returns the readings at these indices, in this order. */
  at(places: readonly number[]): Readings {
    const picked = new Readings()
    for (const place of places)
      picked.add(this.rounds[place]!, this.timesMs[place]!, this.bytes[place]!, this.lines[place]!)
    return picked
  }
}

function grown(column: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(column.length * 2)
  larger.set(column)
  return larger
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i)
}

/** Readings in order, and what ordering them revealed. */
export interface Ordered {
  runs: Readings[]
  notes: string[]
}

/** Minimum rows for a table that only goes back to count as newest first. */
const ROWS_OF_A_REVERSED_TABLE = 8

/**
 * Orders readings by round. Numbers that appear once each are sorted; a run begins where they start
 * again.
 *
 * @returns undefined if a round has several adjacent rows, and nothing says which counts
 */
export function byRound(readings: Readings, inRound: InRound | undefined, hasTimes: boolean): Ordered | undefined {
  const places = range(0, readings.length)
  const unique = new Set(readings.rounds.subarray(0, readings.length))
  if (unique.size === readings.length) {
    const sorted = places.sort((a, b) => readings.rounds[a]! - readings.rounds[b]!)
    return { runs: [readings.at(sorted)], notes: [] }
  }
  const runs = splitWhere(readings, (place) => readings.rounds[place]! < readings.rounds[place - 1]!)
  const repeats = runs.some((run) => new Set(run.rounds.subarray(0, run.length)).size < run.length)
  if (!repeats) return { runs, notes: [] }
  const choice = inRound ?? (hasTimes ? 'last' : undefined)
  if (choice === undefined) return undefined
  return {
    runs: runs.map((run) => oneEach(run, choice)),
    notes: [
      `a round has several readings, of which the ${choice === 'last' ? 'last' : choice} is taken${inRound === undefined ? ' (--in-round highest or median takes another)' : ''}`,
    ],
  }
}

function splitWhere(readings: Readings, isStart: (place: number) => boolean): Readings[] {
  const starts = range(0, readings.length).filter((place) => place === 0 || isStart(place))
  return starts.map((start, i) => readings.at(range(start, starts[i + 1] ?? readings.length)))
}

/** Reduces a run to one reading per round; the rows of a round are adjacent. */
function oneEach(run: Readings, choice: InRound): Readings {
  const one = new Readings()
  for (let from = 0, to = 0; from < run.length; from = to) {
    while (to < run.length && run.rounds[to] === run.rounds[from]) to++
    const values = [...run.bytes.subarray(from, to)].filter((value) => !Number.isNaN(value))
    one.add(run.rounds[from]!, run.timesMs[to - 1]!, values.length === 0 ? null : chosen(values, choice))
  }
  return one
}

function chosen(values: readonly number[], choice: InRound): number {
  if (choice === 'last') return values.at(-1)!
  return choice === 'highest' ? Math.max(...values) : median(values)
}

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
/**
 * Tolerance for times out of order: several threads may report late, and clocks are adjusted by
 * this much.
 */
const JITTER_MS = 5000

/**
 * Orders readings by time. It reverses a table with the newest first, corrects a clock that was set
 * back by an hour, and continues a time of day past midnight; a run begins where the time starts
 * again.
 *
 * @returns the index of the row that goes back, if none of these explains it
 */
export function byTime(readings: Readings, kind: TimeColumn['kind'], isLocal: boolean): Ordered | { goesBack: number } {
  const { timesMs, length } = readings
  let steps = 0
  let back = 0
  let firstBack = -1
  for (let i = 1; i < length; i++) {
    const step = timesMs[i]! - timesMs[i - 1]!
    if (step !== 0) steps++
    if (step >= 0) continue
    back++
    if (firstBack < 0) firstBack = i
  }
  if (back === 0) return { runs: [readings], notes: [] }
  if (back > steps * 0.9) {
    if (length < ROWS_OF_A_REVERSED_TABLE) return { goesBack: firstBack }
    return { runs: [readings.at(range(0, length).reverse())], notes: ['its newest row comes first'] }
  }
  const notes: string[] = []
  let shiftMs = 0
  let isInOrder = true
  const starts = [0]
  let latestMs = timesMs[0]!
  for (let i = 1; i < length; i++) {
    let nowMs = timesMs[i]! + shiftMs
    const backMs = latestMs - nowMs
    const mostJitterMs = kind === 'relative' ? (latestMs - timesMs[starts.at(-1)!]!) / 2 : JITTER_MS
    if (backMs > mostJitterMs) {
      const wrapMs =
        kind === 'clock' && backMs > DAY_MS / 2 ? DAY_MS : isLocal && kind === 'date' && backMs <= HOUR_MS ? HOUR_MS : 0
      if (wrapMs > 0) {
        shiftMs += wrapMs
        nowMs += wrapMs
        if (wrapMs === HOUR_MS) notes.push('its clock is set back by an hour on the way, which is taken out')
      } else {
        starts.push(i)
        shiftMs = 0
        nowMs = timesMs[i]!
        latestMs = nowMs
      }
    } else if (backMs > 0) isInOrder = false
    timesMs[i] = nowMs
    latestMs = Math.max(latestMs, nowMs)
  }
  const runs = starts.map((start, i) => readings.at(range(start, starts[i + 1] ?? length)))
  if (runs.some((run) => run.length < 2) || runs.length > length / 4) return { goesBack: firstBack }
  return { runs: isInOrder ? runs : runs.map(sortedByTime), notes }
}

function sortedByTime(run: Readings): Readings {
  return run.at(range(0, run.length).sort((a, b) => run.timesMs[a]! - run.timesMs[b]! || a - b))
}

/**
 * Sums several series at each position. A series counts from its first to its last reading; if one
 * of them could not be read there, the total is unknown.
 */
export function totalOf(all: readonly Readings[], by: 'round' | 'time'): Readings {
  const positionOf = (readings: Readings, place: number) =>
    (by === 'round' ? readings.rounds : readings.timesMs)[place]!
  const positions = [
    ...new Set(all.flatMap((readings) => range(0, readings.length).map((place) => positionOf(readings, place)))),
  ].sort((a, b) => a - b)
  const cursors = all.map(() => 0)
  const total = new Readings()
  for (const position of positions) {
    let bytes = 0
    let timeMs = Number.NaN
    for (const [i, readings] of all.entries()) {
      while (cursors[i]! < readings.length && positionOf(readings, cursors[i]!) < position) cursors[i]!++
      const next = cursors[i]!
      const isHere = next < readings.length && positionOf(readings, next) === position
      const hasBegun = isHere || next > 0
      if (next >= readings.length || !hasBegun) continue
      // Between two readings a series keeps the earlier value.
      bytes += readings.bytes[isHere || by === 'round' ? next : next - 1]!
      if (isHere) timeMs = Number.isNaN(timeMs) ? readings.timesMs[next]! : Math.max(timeMs, readings.timesMs[next]!)
      if (!isHere && by === 'round') bytes = Number.NaN
    }
    total.add(
      by === 'round' ? position : Number.NaN,
      by === 'time' ? position : timeMs,
      Number.isNaN(bytes) ? null : bytes,
    )
  }
  return total
}
