import { UsageError } from '../../shared/errors.js'
import { count } from '../../shared/text.js'
import { median } from '../../statistics/median.js'
import { UNNAMED_ROLE } from '../processes/process-name.js'
import { COMBINED_PID } from '../recording.js'
import { periodOfRounds, periodOfSetting } from '../rounds/cleanup-period.js'
import type { RecordingFile } from './open-recording.js'
import type { OriginEvent, ReadingEvent, RoundEvent } from './recording-event.js'

/** Input of a verdict: end RSS by round, and the circumstances that the recording knows. */
export interface RoundsToJudge {
  rounds: { round: number; bytes: number | null }[]
  /**
   * `window`: the recording has no rounds, so its time was cut into equal windows, each with its
   * median RSS.
   */
  unit: 'round' | 'window'
  /** Duration of a round or window in seconds; null in a table of rounds without times. */
  secondsPerRound: number | null
  /** Process that the rounds belong to, if the recording distinguishes processes. */
  process: { pid: number; role: string; name: string } | null
  /** Rounds between cleanups, if the job that was recorded has such a setting. */
  gcRounds: number | null
  /**
   * The limit of the cgroup, else the RAM of the machine that recorded; null if the file does not
   * say.
   */
  limitBytes: number | null
  /**
   * What others used of the limit at the end; 0 if the file does not say. Less than zero where
   * pages of the judged process are charged to another cgroup.
   */
  othersBytes: number
  notes: string[]
}

/**
 * Number of windows: enough for a slope and a warm-up, few enough for each to hold many readings.
 */
const MOST_WINDOWS = 40
const READINGS_A_WINDOW = 5

/**
 * Extracts the rounds that a verdict judges.
 *
 * @throws UsageError if the file is broken, or holds neither rounds nor readings
 */
export function roundsToJudge(file: RecordingFile): RoundsToJudge {
  const rounds: RoundEvent[] = []
  const readings: ReadingEvent[] = []
  const notes: string[] = []
  let facts: OriginEvent['facts'] = {}
  for (const event of file.events()) {
    if (event.kind === 'round') rounds.push(event)
    else if (event.kind === 'reading' && event.pid === null && event.rssBytes !== null) readings.push(event)
    else if (event.kind === 'origin') facts = event.facts
    else if (event.kind === 'note') notes.push(event.message)
  }
  const known = { gcRounds: gcRoundsOf(facts, rounds), limitBytes: limitOf(facts), notes }
  const judged =
    rounds.length > 0
      ? (ofProcessesTogether(rounds, facts, notes) ?? ofOneProcess(rounds))
      : readings.length > 0
        ? windowsOf(readings)
        : undefined
  if (judged?.rounds.every(({ bytes }) => bytes === null))
    throw new UsageError(
      `${file.path} holds ${count(judged.rounds.length, judged.unit)} and no reading of memory in any of them`,
      notes.length > 0 ? { fix: `It was ${notes.join('; ')}.` } : {},
    )
  if (judged !== undefined) return { ...judged, ...known, othersBytes: othersBytes(judged, facts) }
  throw new UsageError(`${file.path} holds neither a round nor a reading of memory`, { fix: fixOfNoReading(file) })
}

/** Returns what to do about a file without readings. */
export function fixOfNoReading({ format }: RecordingFile): string {
  return format === 'csv' || format === 'json'
    ? 'A table has a line of names, such as round,rss_mib or time,rss_mib, and then a line for each reading.'
    : 'The program may have ended before the first reading. Record it again, for longer or with a higher --rate.'
}

type Judged = Pick<RoundsToJudge, 'rounds' | 'unit' | 'secondsPerRound' | 'process'>

/**
 * Sums the processes of one named role that live at the same time, such as the workers of a server:
 * next to a large process that does not leak, a small one that leaks would go unnoticed. Returns
 * undefined if the judged role has one process at a time, and for the peers of a swarm, each of
 * which is a server of its own.
 */
function ofProcessesTogether(
  rounds: readonly RoundEvent[],
  { setting }: OriginEvent['facts'],
  notes: string[],
): Judged | undefined {
  const role = ofOneProcess(rounds).process?.role
  const isSwarm = 'memoryGcRounds' in ((setting ?? {}) as object)
  if (role === undefined || role === UNNAMED_ROLE || isSwarm) return undefined
  const own = rounds.filter((round) => round.process?.role === role)
  const byRound = new Map<number, RoundEvent[]>()
  for (const event of own) byRound.set(event.round, [...(byRound.get(event.round) ?? []), event])
  if ([...byRound.values()].every((events) => events.length === 1)) return undefined
  const processes = new Set(own.map(({ process }) => process!.pid)).size
  notes.push(`the ${processes} processes of the role ${role} live together: their sum is judged`)
  const held = ({ endRssBytes, overlapBytes = 0 }: RoundEvent) =>
    endRssBytes === null ? null : endRssBytes - overlapBytes
  const lengthsMs = own.flatMap(({ startMs, endMs }) => (startMs === null || endMs === null ? [] : [endMs - startMs]))
  return {
    rounds: [...byRound].map(([round, events]) => ({
      round,
      bytes: events.map(held).reduce((sum, bytes) => (sum === null || bytes === null ? null : sum + bytes)),
    })),
    unit: 'round',
    secondsPerRound: lengthsMs.length === 0 ? null : median(lengthsMs) / 1000,
    process: { pid: COMBINED_PID, role, name: `${processes} processes` },
  }
}

/** Picks the server if there is one, else the process that holds most. */
function ofOneProcess(rounds: readonly RoundEvent[]): Judged {
  const byPid = new Map<number | null, RoundEvent[]>()
  for (const round of rounds) {
    const pid = round.process?.pid ?? null
    const own = byPid.get(pid) ?? []
    own.push(round)
    byPid.set(pid, own)
  }
  const processes = [...byPid.values()].sort((a, b) => heldBy(b) - heldBy(a))
  const own = processes.find(([first]) => first!.process?.role === 'server') ?? processes[0]!
  const lengthsMs = own.flatMap(({ startMs, endMs }) => (startMs === null || endMs === null ? [] : [endMs - startMs]))
  return {
    rounds: own.map(({ round, endRssBytes }) => ({ round, bytes: endRssBytes })),
    unit: 'round',
    secondsPerRound: lengthsMs.length === 0 ? null : median(lengthsMs) / 1000,
    process: own[0]!.process,
  }
}

function heldBy(rounds: readonly RoundEvent[]): number {
  return median(rounds.map(({ endRssBytes }) => endRssBytes ?? 0))
}

function windowsOf(readings: readonly ReadingEvent[]): Judged {
  const firstMs = readings[0]!.timeMs
  const lengthMs = readings.at(-1)!.timeMs - firstMs
  const count = Math.max(1, Math.min(MOST_WINDOWS, Math.floor(readings.length / READINGS_A_WINDOW)))
  const windows: number[][] = Array.from({ length: count }, () => [])
  for (const { timeMs, rssBytes } of readings) {
    const window = Math.floor(((timeMs - firstMs) / lengthMs) * count)
    windows[Math.min(count - 1, Number.isNaN(window) ? 0 : window)]!.push(rssBytes!)
  }
  return {
    rounds: windows.map((inside, i) => ({ round: i + 1, bytes: inside.length === 0 ? null : median(inside) })),
    unit: 'window',
    secondsPerRound: lengthMs / count / 1000,
    process: null,
  }
}

function gcRoundsOf({ setting }: OriginEvent['facts'], rounds: readonly RoundEvent[]): number | null {
  const found = periodOfSetting((setting ?? {}) as Record<string, unknown>)
  const period = found?.from.kind === 'own axis' ? found : (periodOfRounds(rounds) ?? found)
  return period?.rounds ?? null
}

/** Rows at the end whose median stands for what the judged process held there. */
const LAST_ROWS = 8

function othersBytes({ rounds }: Judged, { cgroup }: OriginEvent['facts']): number {
  const { usedBytes } = (cgroup ?? {}) as Record<string, unknown>
  const ends = rounds.slice(-LAST_ROWS).flatMap(({ bytes }) => bytes ?? [])
  return typeof usedBytes !== 'number' || ends.length === 0 ? 0 : usedBytes - median(ends)
}

function limitOf({ machine, cgroup }: OriginEvent['facts']): number | null {
  const { cgroupLimitBytes, memoryBytes } = (machine ?? {}) as Record<string, unknown>
  const { limitBytes = cgroupLimitBytes } = (cgroup ?? {}) as Record<string, unknown>
  const limits = [limitBytes, memoryBytes].filter((limit) => typeof limit === 'number')
  return limits.length === 0 ? null : Math.min(...limits)
}
