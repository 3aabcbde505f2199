import type { RoundRecord } from '../../recording/recording.js'
import { median } from '../../statistics/median.js'
import type { LiveEvent, LiveForecast, LiveLimit, LiveProcess, LiveRole, LiveRound } from './live-status.js'
import type { SampledRole } from './sampled-role.js'
import { type RoundToJudge, type Tolerated, VerdictSoFar } from './verdict-so-far.js'

export interface RoleOptions {
  windowMs: number
  startedMs: number
  tolerance: Tolerated | undefined
  /** `round` where rounds were reported before this role was seen. */
  unit: 'round' | 'window'
}

const MOST_ROUNDS = 1000
/**
 * Rounds after which processes are long-lived: when all of them are replaced, a new series begins.
 */
const LONG_LIVED_ROUNDS = 12
/** Maximum samples of a window for its median. Every other one is dropped when there are more. */
const MOST_IN_WINDOW = 1024

/** The limit at one sample or round, and what others than the role use of it. */
export interface LimitUse {
  limit: LiveLimit | null
  /**
   * Null if none of its processes was read. Less than zero where pages of the role, such as those
   * of libraries, are charged to another cgroup.
   */
  othersBytes: number | null
}

/** One role of a running recording: its processes, its rounds and the verdict on them so far. */
export class RoleState {
  readonly #role: string
  readonly #options: RoleOptions
  #processes: LiveProcess[] = []
  #verdict: VerdictSoFar
  #rounds = 0
  #recent: LiveRound[] = []
  #peakBytes: number | null = null
  /**
   * Records of the current round by process. It is complete when all living processes have reported
   * it, or when the next one begins.
   */
  readonly #open = new Map<number, RoundRecord>()
  #openRound: number | null = null
  /** Pids of the processes that reported the round before. */
  #pids = new Set<number>()
  #roundsOfPids = 0
  #pending: RoundToJudge | null = null
  #limit: LiveLimit | null = null
  /** Use of the limit by others than this role, at the samples since the last round. */
  #others: number[] = []
  /** Median of the last round that had samples. */
  #othersBytes: number | null = null
  #window: number[] = []
  #windowEndsMs: number
  #windows = 0

  constructor(role: string, options: RoleOptions) {
    this.#role = role
    this.#options = options
    this.#windowEndsMs = options.startedMs + options.windowMs
    this.#verdict = this.#newVerdict(options.unit)
  }

  /** Its living processes in the newest sample. */
  get processes(): readonly LiveProcess[] {
    return this.#processes
  }

  /** Sum over its living processes; null where none was read. */
  get rssBytes(): number | null {
    const read = this.#processes.flatMap(({ rssBytes }) => (rssBytes === null ? [] : [rssBytes]))
    return read.length === 0 ? null : read.reduce((sum, bytes) => sum + bytes, 0)
  }

  addSample(processes: readonly SampledRole[], use: LimitUse): LiveEvent[] {
    this.show(processes)
    for (const { peakBytes } of processes) this.#sawPeak(peakBytes)
    this.#useLimit(use)
    const { rssBytes } = this
    if (rssBytes === null) return []
    this.#window = withNext(this.#window, rssBytes)
    const continues = this.#pids.size === 0 || processes.some(({ pid }) => this.#pids.has(pid))
    return continues ? this.#judgePending() : []
  }

  /** Takes in which processes the role has. */
  show(processes: readonly SampledRole[]): void {
    this.#processes = processes.map(({ role: _, ...process }) => process)
  }

  /** Ends the window when its time is up. */
  takeWindow(timeMs: number): LiveEvent[] {
    const events: LiveEvent[] = []
    if (timeMs < this.#windowEndsMs) return events
    const endBytes = this.#window.length === 0 ? null : median(this.#window)
    const peakBytes = this.#window.length === 0 ? null : Math.max(...this.#window)
    this.#window = []
    this.#windows += Math.max(1, Math.ceil((timeMs - this.#windowEndsMs) / this.#options.windowMs))
    const endedMs = this.#windowEndsMs
    this.#windowEndsMs = this.#options.startedMs + (this.#windows + 1) * this.#options.windowMs
    return this.#close({ round: this.#windows, endedMs, peakBytes, peakKind: 'sampled', endBytes })
  }

  /** Discards the windows once rounds are reported, because they only stood in for them. */
  forgetWindows(): void {
    this.#recent = []
    this.#rounds = 0
    this.#pending = null
    this.#verdict = this.#newVerdict('round')
  }

  /** @param use of the limit at that time, if it was read */
  addRecords(records: readonly RoundRecord[], use?: LimitUse): LiveEvent[] {
    const events: LiveEvent[] = []
    if (use !== undefined) this.#useLimit(use)
    for (const record of records) {
      this.#sawPeak(record.peakBytes)
      if (this.#openRound !== null && record.round !== this.#openRound) events.push(...this.#closeRound())
      this.#openRound = record.round
      this.#open.set(record.pid, record)
    }
    const isWhole = this.#processes.every(({ pid }) => this.#open.has(pid))
    if (isWhole) events.push(...this.#closeRound())
    return events
  }

  finish(): LiveEvent[] {
    return this.#closeRound()
  }

  status(): LiveRole {
    return {
      role: this.#role,
      rssBytes: this.rssBytes,
      processes: [...this.#processes],
      rounds: this.#rounds,
      recentRounds: [...this.#recent],
      peakBytes: this.#peakBytes,
      verdict: this.#verdict.verdict(),
      rate: this.#verdict.rate(),
      forecast: this.#forecast(),
    }
  }

  #useLimit({ limit, othersBytes }: LimitUse): void {
    this.#limit = limit
    this.#verdict.setLimit(limit)
    if (othersBytes !== null) this.#others = withNext(this.#others, othersBytes)
  }

  /** Returns the forecast from the newest round on, which may not be judged yet. */
  #forecast(): LiveForecast | null {
    const forecast = this.#verdict.forecast()
    if (forecast === null || this.#pending === null) return forecast
    const { rounds, ms } = forecast
    const roundMs = ms === null ? 0 : ms.estimate / rounds.estimate
    return { ...forecast, rounds: less(rounds, 1), ms: ms && less(ms, roundMs) }
  }

  #closeRound(): LiveEvent[] {
    if (this.#openRound === null || this.#open.size === 0) return []
    const records = [...this.#open.values()]
    const round = this.#openRound
    this.#open.clear()
    this.#openRound = null
    const highest = records.reduce((a, b) => ((b.peakBytes ?? -1) > (a.peakBytes ?? -1) ? b : a))
    const pids = new Set(records.map(({ pid }) => pid))
    const isReplaced = this.#pids.size > 0 && ![...this.#pids].some((pid) => pids.has(pid))
    // Processes that live for a few rounds each, as recycled workers do, are judged as one series.
    const isRestart = isReplaced && this.#roundsOfPids >= LONG_LIVED_ROUNDS
    this.#roundsOfPids = isReplaced ? 1 : this.#roundsOfPids + 1
    this.#pids = pids
    return this.#close(
      {
        round,
        endedMs: Math.max(...records.map(({ endedMs }) => endedMs)),
        peakBytes: highest.peakBytes,
        peakKind: highest.peakKind,
        endBytes: records.reduce((sum, { end }) => sum + end.rssBytes, 0),
      },
      { peakAbove: Math.max(0, (highest.peakBytes ?? 0) - highest.end.rssBytes), isRestart },
    )
  }

  #close(round: LiveRound, { peakAbove = 0, isRestart = false } = {}): LiveEvent[] {
    const events = this.#judgePending()
    this.#rounds++
    this.#recent.push(round)
    if (this.#recent.length > MOST_ROUNDS) this.#recent.shift()
    events.push({ kind: 'round', role: this.#role, round })
    if (round.endBytes === null) return events
    if (this.#others.length > 0) this.#othersBytes = median(this.#others)
    this.#others = []
    const { round: number, endedMs: timeMs, endBytes: bytes } = round
    const usedBytes = this.#othersBytes === null ? null : bytes + this.#othersBytes
    this.#pending = { round: number, timeMs, bytes, usedBytes, peakAboveBytes: peakAbove, isRestart }
    return events
  }

  /**
   * Judges the newest round once its processes are known to continue: a process that is ending has
   * released memory already.
   */
  #judgePending(): LiveEvent[] {
    if (this.#pending === null) return []
    const before = this.#verdict.state
    this.#verdict.add(this.#pending)
    this.#pending = null
    if (this.#verdict.state === before) return []
    return [{ kind: 'verdict', role: this.#role, verdict: this.#verdict.verdict(), before }]
  }

  #sawPeak(bytes: number | null): void {
    if (bytes !== null) this.#peakBytes = Math.max(this.#peakBytes ?? 0, bytes)
  }

  #newVerdict(unit: 'round' | 'window'): VerdictSoFar {
    const verdict = new VerdictSoFar({ tolerance: this.#options.tolerance, unit })
    verdict.setLimit(this.#limit)
    return verdict
  }
}

/** Returns times from now that were counted from a moment that long ago. */
function less({ estimate, low, high }: LiveForecast['rounds'], passed: number): LiveForecast['rounds'] {
  const left = (time: number) => Math.max(0, time - passed)
  return { estimate: left(estimate), low: left(low), high: high === null ? null : left(high) }
}

/** Returns the values with one more; every other one is dropped where there are too many. */
function withNext(values: number[], value: number): number[] {
  values.push(value)
  return values.length > MOST_IN_WINDOW ? values.filter((_, i) => i % 2 === 0) : values
}
