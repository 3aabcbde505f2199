import { formatBytes, formatDuration } from '../../shared/units.js'
import type { DownsamplingSeries } from '../downsampling-series.js'
import type { RecordingFigureData } from '../figures/recording.js'
import type { DrawnRecording, DrawnRound } from './drawn-recording.js'

export interface FigureDataOptions {
  /** Fit a line to each recording. It is drawn for one, and written in the legend for several. */
  hasSlope: boolean
  hasFunctions: boolean
}

/**
 * Returns one recording with its processes, rounds, peaks and functions; or several laid over one
 * another, each as a whole, since the processes of several could not be distinguished.
 */
export function recordingFigureData(
  recordings: readonly DrawnRecording[],
  options: FigureDataOptions,
): RecordingFigureData {
  const [first, ...others] = recordings
  if (first === undefined || others.length > 0) return overlay(recordings, options)
  const { whole, isSum, processes, rounds, functions } = first
  const slope = options.hasSlope ? whole.fit() : null
  return {
    series: [
      { name: isSum && processes.length > 0 ? 'all processes' : first.name, points: whole.points },
      ...processes.map(({ name, series }) => ({ name, points: series.points, isChild: true })),
    ],
    rounds: rounds.map(({ round, startMs, endMs }) => ({ round, startMs, endMs })),
    brackets: options.hasFunctions ? functions.map((call) => ({ ...call, label: labelOf(call, functions) })) : [],
    peaks: rounds.flatMap((round) => peakOf(round, first)),
    axis: first.axis,
    ...(slope === null ? {} : { slope }),
  }
}

function overlay(recordings: readonly DrawnRecording[], { hasSlope }: FigureDataOptions): RecordingFigureData {
  return {
    axis: recordings[0]?.axis ?? 'time',
    series: recordings.map(({ name, whole, axis }) => ({
      name: hasSlope ? `${name} (${slopeText(whole, axis) ?? 'no slope'})` : name,
      points: whole.points,
    })),
    rounds: [],
    brackets: [],
    peaks: [],
  }
}

/**
 * Returns `+1.2 MiB a second`, or a round on an axis of rounds; undefined when there are too few
 * readings for a fit.
 */
export function slopeText(series: DownsamplingSeries, axis: 'time' | 'rounds' = 'time'): string | undefined {
  const fit = series.fit()
  if (fit === null) return undefined
  const perSecond = fit.bytesPerMs * 1000
  return `${perSecond < 0 ? '' : '+'}${formatBytes(perSecond)} a ${axis === 'rounds' ? 'round' : 'second'}`
}

/**
 * Returns the last part of the dotted name, or all of it where two functions share that part; with
 * the duration, as mprof has it.
 */
function labelOf(
  { name, startMs, endMs }: DrawnRecording['functions'][number],
  all: DrawnRecording['functions'],
): string {
  const last = (dotted: string) => dotted.slice(dotted.lastIndexOf('.') + 1)
  const isAmbiguous = all.some((other) => other.name !== name && last(other.name) === last(name))
  return `${isAmbiguous ? name : last(name)} ${formatDuration(endMs - startMs)}`
}

/**
 * Returns a peak. The kernel reports its height and not its time, so it is drawn at the highest
 * reading of its round.
 */
function peakOf(round: DrawnRound, { whole, processes }: DrawnRecording): RecordingFigureData['peaks'] {
  if (round.peakBytes === null) return []
  const { points } = processes.find(({ pid }) => pid === round.pid)?.series ?? whole
  let timeMs = (round.startMs + round.endMs) / 2
  let highest = -1
  for (const [pointMs, rssBytes] of points) {
    if (pointMs < round.startMs || pointMs > round.endMs || rssBytes === null || rssBytes <= highest) continue
    highest = rssBytes
    timeMs = pointMs
  }
  return [{ timeMs, bytes: round.peakBytes, kind: round.peakKind }]
}
