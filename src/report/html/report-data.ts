import type { PeakKind } from '../../recording/peaks/peak-kind.js'
import type { RecordedProcess, Recording, RoundRecord } from '../../recording/recording.js'
import type { Comparison, TrialResult } from '../../results/comparison.js'
import { downsample, type Point } from '../downsample.js'

/**
 * Data that figures and the page draw: a comparison with its recordings, downsampled; times count
 * from each trial's start.
 */
export interface ReportData {
  /** Role that is judged. */
  judge: string
  /** Bytes of one full set of weights, M. */
  modelBytes: number | null
  /** Labels of the settings in the order of the comparison. */
  settings: string[]
  /** Names of all processes, the judged ones first. The place in this list selects the colour. */
  names: string[]
  trials: ReportTrial[]
  /**
   * What the first figure shows apart from its lines; absent where the data was made without a
   * verdict.
   */
  overview?: {
    /** All settings, including those that are switched off; the place selects the colour. */
    settings: string[]
    /**
     * Names that fit beside a line, by setting. Long ones become letters, which the switches
     * explain.
     */
    names: Record<string, string>
    chosen: string | null
    /** Limit that the memory must stay below; null where only the machine limits it. */
    limit: { bytes: number; name: string } | null
  }
}

export interface ReportTrial {
  setting: string
  trial: number
  state: TrialResult['state']
  initialRssBytes: number | null
  attribution: { liveBytes: number; garbageBytes: number | null; retainedBytes: number } | null
  processes: ReportProcess[]
}

export interface ReportProcess {
  role: string
  /** Name that is unique within a trial, for example `server` or `site-1`. */
  name: string
  points: Point[]
  rounds: ReportRound[]
}

export interface ReportRound {
  round: number
  startMs: number
  endMs: number
  peakBytes: number | null
  peakKind: PeakKind
  /**
   * Time of the highest sample of the round, or the middle of the round without samples. The time
   * of the peak itself is unknown.
   */
  peakAtMs: number
  endRssBytes: number
  cleanup: { gcMs: number | null; purgeMs: number | null; totalMs: number } | null
  accuracy: number | null
  /** Peer that aggregated the round; in a swarm only. */
  aggregator?: string
}

/**
 * Most points of one line: two for each of the 300 pixels of a panel, fewer when there are very
 * many lines.
 */
const POINTS_PER_LINE = 600
/**
 * Most points of all lines together, so that the page stays below 1.5 MB whatever the number of
 * trials.
 */
const POINTS_IN_ALL = 40_000

/** Distance of two samples that counts as a gap in the line, as a multiple of the usual one. */
const GAP_INTERVALS = 8

/**
 * Collects the data of a report.
 *
 * @param recordingOf reads the recording of a trial. It is called for one trial at a time, so that
 *   only downsampled recordings are held. Without a recording, a trial is drawn from its round
 *   records alone.
 */
export function reportData(
  comparison: Comparison,
  recordingOf: (trial: TrialResult) => Recording | undefined,
): ReportData {
  const trials = comparison.trials.map((trial) => reportTrial(trial, recordingOf(trial)))
  return {
    judge: comparison.judge,
    modelBytes: comparison.modelBytes,
    settings: comparison.settings.map((setting) => setting.label),
    names: namesOf(trials, comparison.judge),
    trials: thinTrials(trials),
  }
}

/**
 * Returns names sorted by code point, not by locale, so that the order is the same on every
 * machine.
 */
function namesOf(trials: readonly ReportTrial[], judge: string): string[] {
  const processes = trials.flatMap((trial) => trial.processes)
  const sorted = (of: ReportProcess[]) => [...new Set(of.map(({ name }) => name))].sort()
  const judged = sorted(processes.filter(({ role }) => role === judge))
  return [...judged, ...sorted(processes.filter(({ role }) => role !== judge)).filter((name) => !judged.includes(name))]
}

function thinTrials(trials: readonly ReportTrial[]): ReportTrial[] {
  const lines = trials.reduce((sum, { processes }) => sum + processes.length, 0)
  const limit = Math.max(60, Math.min(POINTS_PER_LINE, Math.floor(POINTS_IN_ALL / Math.max(1, lines))))
  return trials.map((trial) => ({
    ...trial,
    processes: trial.processes.map((process) => ({ ...process, points: downsample(process.points, limit) })),
  }))
}

function reportTrial(trial: TrialResult, recording: Recording | undefined): ReportTrial {
  const { attribution } = trial
  return {
    setting: trial.setting,
    trial: trial.trial,
    state: trial.state,
    initialRssBytes: trial.initialRssBytes,
    attribution: attribution && {
      liveBytes: attribution.liveBytes,
      garbageBytes: attribution.garbageBytes,
      retainedBytes: attribution.retainedBytes,
    },
    processes: uniqueNames(processesOf(trial, recording)),
  }
}

function processesOf(trial: TrialResult, recording: Recording | undefined): ReportProcess[] {
  const known = new Map<number, { role: string; name: string }>()
  for (const process of recording?.head.processes ?? []) known.set(process.pid, process)
  for (const round of trial.rounds) if (!known.has(round.pid)) known.set(round.pid, round)
  const processes = new Map(recording?.head.processes.map((process) => [process.pid, process]))
  return [...known].map(([pid, { role, name }]) => {
    const process = processes.get(pid)
    const points = recording && process ? pointsOf(recording, process, trial.startedMs) : []
    const rounds = trial.rounds.filter((round) => round.pid === pid)
    return {
      role,
      name: name || role,
      points: downsample(points, POINTS_PER_LINE),
      rounds: rounds.map((round) => reportRound(round, points, trial.startedMs)),
    }
  })
}

/**
 * Returns the samples of one process since the trial's start, with a gap where a sample of other
 * processes lacks it.
 */
export function pointsOf(recording: Recording, process: RecordedProcess, startedMs: number): Point[] {
  const points: Point[] = []
  const gapMs = GAP_INTERVALS * (recording.head.sampling.achievedIntervalMs ?? recording.head.sampling.askedIntervalMs)
  let pendingGapMs: number | undefined
  for (const sample of recording.samples) {
    const timeMs = sample.timeMs - startedMs
    const rssBytes = sample.rss.find(([pid]) => pid === process.pid)?.[1]
    const before = points.at(-1)
    if (rssBytes === undefined) {
      if (before !== undefined) pendingGapMs ??= timeMs
      continue
    }
    if (before !== undefined && timeMs - before[0] > gapMs) pendingGapMs ??= before[0] + gapMs
    if (pendingGapMs !== undefined) points.push([Math.round(pendingGapMs), null])
    pendingGapMs = undefined
    points.push([Math.round(timeMs), rssBytes])
  }
  return points
}

function reportRound(round: RoundRecord, points: readonly Point[], startedMs: number): ReportRound {
  const startMs = Math.round(round.startedMs - startedMs)
  const endMs = Math.round(round.endedMs - startedMs)
  return {
    round: round.round,
    startMs,
    endMs,
    peakBytes: round.peakBytes,
    peakKind: round.peakKind,
    peakAtMs: highestBetween(points, startMs, endMs) ?? Math.round((startMs + endMs) / 2),
    endRssBytes: round.end.rssBytes,
    cleanup: round.cleanup && {
      gcMs: round.cleanup.gcMs,
      purgeMs: round.cleanup.purgeMs,
      totalMs: round.cleanup.totalMs,
    },
    accuracy: round.accuracy,
    ...(round.aggregator === undefined ? {} : { aggregator: round.aggregator }),
  }
}

function highestBetween(points: readonly Point[], startMs: number, endMs: number): number | undefined {
  let highest: Point | undefined
  for (let i = firstFrom(points, startMs); i < points.length && points[i]![0] <= endMs; i++) {
    const point = points[i]!
    if (point[1] !== null && (highest === undefined || point[1] > highest[1]!)) highest = point
  }
  return highest?.[0]
}

function firstFrom(points: readonly Point[], timeMs: number): number {
  let low = 0
  let high = points.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (points[middle]![0] < timeMs) low = middle + 1
    else high = middle
  }
  return low
}

/** Numbers processes that share a name, so that no line joins the points of both. */
function uniqueNames(processes: ReportProcess[]): ReportProcess[] {
  const seen = new Map<string, number>()
  return processes.map((process) => {
    const count = (seen.get(process.name) ?? 0) + 1
    seen.set(process.name, count)
    return count === 1 ? process : { ...process, name: `${process.name} (${count})` }
  })
}
