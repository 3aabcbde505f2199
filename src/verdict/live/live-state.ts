import { UNNAMED_ROLE } from '../../recording/processes/process-name.js'
import type { RoundRecord } from '../../recording/recording.js'
import type { LimitReading, LiveAlert, LiveEvent, LiveLimit, LiveRole, LiveStatus } from './live-status.js'
import { type LimitUse, RoleState } from './role-state.js'
import type { SampledRole } from './sampled-role.js'
import type { Tolerated } from './verdict-so-far.js'

export interface LiveOptions {
  command: readonly string[]
  startedMs: number
  /** Limit that was asked for; null: the one that comes with the samples. */
  limit: Pick<LiveLimit, 'bytes' | 'name'> | null
  /** Length of the windows that stand for rounds until a round is reported. */
  windowMs: number
  /** Growth a round below which memory is level; default: 0.1 % of the level. */
  tolerance?: Tolerated
}

const MOST_ALERTS = 200

/**
 * State of a running recording: takes in samples and rounds, and is read as a {@link LiveStatus} or
 * by subscription. It opens nothing, writes nothing and reads no clock, and its size is bounded
 * however long it runs.
 */
export class LiveState {
  readonly #options: LiveOptions
  readonly #roles = new Map<string, RoleState>()
  readonly #listeners = new Set<(event: LiveEvent) => void>()
  readonly #alerts: LiveAlert[] = []
  /** The newest sample. */
  #sampled: readonly SampledRole[] = []
  #limit: LiveLimit | null
  #timeMs: number
  #state: LiveStatus['state'] = 'running'
  #tree: LiveStatus['tree'] = { rssBytes: null, processes: 0, highestBytes: null }
  /** True once a round was reported: windows no longer stand for rounds. */
  #hasRounds = false

  constructor(options: LiveOptions) {
    this.#options = options
    this.#timeMs = options.startedMs
    this.#limit = options.limit && { ...options.limit, usedBytes: null }
  }

  /**
   * Adds one sample: all living processes.
   *
   * @param limit that binds them, read with it
   */
  addSample(timeMs: number, processes: readonly SampledRole[], limit: LimitReading | null = null): void {
    this.#timeMs = timeMs
    this.#sampled = processes
    const read = processes.flatMap(({ rssBytes }) => (rssBytes === null ? [] : [rssBytes]))
    const rssBytes = read.length === 0 ? null : read.reduce((sum, bytes) => sum + bytes, 0)
    const highestBytes = Math.max(this.#tree.highestBytes ?? 0, rssBytes ?? 0)
    this.#tree = { rssBytes, processes: processes.length, highestBytes }
    const asked = this.#options.limit
    const rss =
      asked === null && limit !== null ? limit.rss : new Map(processes.map((one) => [one.pid, one.rssBytes ?? 0]))
    this.#limit = asked === null ? withoutRss(limit) : { ...asked, usedBytes: rssBytes }
    const rssByRole = new Map<string, number>()
    for (const role of new Set([...processes.map((process) => process.role), ...this.#roles.keys()])) {
      const own = processes.filter((process) => process.role === role)
      const state = this.#role(role)
      this.#emitAll(state.addSample(own, this.#useOf(own, rss)))
      if (state.rssBytes !== null) rssByRole.set(role, state.rssBytes)
      if (!this.#hasRounds) this.#emitAll(state.takeWindow(timeMs))
    }
    this.#emit({ kind: 'sample', timeMs, rssByRole })
  }

  /**
   * Adds what was read at the end of a round: of all processes at once, or of one that reports its
   * rounds itself.
   *
   * @param limit that binds the processes, read with them. Default: not read
   */
  addRounds(records: readonly RoundRecord[], limit?: LimitReading): void {
    if (records.length === 0) return
    const reading = this.#options.limit === null ? limit : undefined
    if (reading !== undefined) this.#limit = withoutRss(reading)
    if (!this.#hasRounds) for (const state of this.#roles.values()) state.forgetWindows()
    this.#hasRounds = true
    this.#nameSampled(records)
    for (const role of new Set(records.map((record) => record.role))) {
      const own = records.filter((record) => record.role === role)
      this.#timeMs = Math.max(this.#timeMs, ...own.map(({ endedMs }) => endedMs))
      const state = this.#role(role)
      this.#emitAll(state.addRecords(own, reading && this.#useOf([...state.processes, ...own], reading.rss)))
    }
  }

  addAlert(alert: LiveAlert): void {
    this.#alerts.push(alert)
    if (this.#alerts.length > MOST_ALERTS) this.#alerts.shift()
    this.#emit({ kind: 'alert', alert })
  }

  /** Ends the state when the program has ended: the last round of each role is complete now. */
  end(timeMs: number): void {
    if (this.#state === 'ended') return
    for (const state of this.#roles.values()) this.#emitAll(state.finish())
    this.#timeMs = timeMs
    this.#state = 'ended'
    this.#emit({ kind: 'ended', timeMs })
  }

  status(): LiveStatus {
    const { command, startedMs, windowMs } = this.#options
    return {
      command: [...command],
      startedMs,
      timeMs: this.#timeMs,
      state: this.#state,
      unit: this.#hasRounds ? 'round' : 'window',
      windowMs: this.#hasRounds ? null : windowMs,
      limit: this.#limit,
      tree: this.#tree,
      roles: this.#roleStatus(),
      alerts: [...this.#alerts],
    }
  }

  /**
   * @param listener called after the state has taken in what the event describes
   * @returns ends the subscription
   */
  subscribe(listener: (event: LiveEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Returns what others than a role use, by the RSS of all recorded processes at one moment.
   * Others are null if none of the role was read.
   */
  #useOf(own: readonly { pid: number }[], rss: ReadonlyMap<number, number>): LimitUse {
    const pids = new Set(own.map(({ pid }) => pid))
    if (!own.some(({ pid }) => rss.has(pid))) return { limit: this.#limit, othersBytes: null }
    const ofRole = (isOwn: boolean) =>
      [...rss].reduce((sum, [pid, bytes]) => sum + (pids.has(pid) === isOwn ? bytes : 0), 0)
    const usedBytes = this.#limit?.usedBytes ?? null
    return { limit: this.#limit, othersBytes: usedBytes === null ? ofRole(false) : usedBytes - ofRole(true) }
  }

  /**
   * Moves processes without a role to those that their rounds name; the next sample has them there.
   */
  #nameSampled(records: readonly RoundRecord[]): void {
    const recordOf = ({ pid, role }: SampledRole) =>
      role === UNNAMED_ROLE ? records.find((record) => record.pid === pid && record.role !== UNNAMED_ROLE) : undefined
    if (!this.#sampled.some(recordOf)) return
    this.#sampled = this.#sampled.map((process) => {
      const { role, name } = recordOf(process) ?? process
      return { ...process, role, name }
    })
    for (const role of new Set([UNNAMED_ROLE, ...this.#sampled.map((process) => process.role)]))
      this.#role(role).show(this.#sampled.filter((process) => process.role === role))
  }

  /** Leaves out the processes without a role once all have got one. */
  #roleStatus(): LiveRole[] {
    const roles = [...this.#roles.values()].map((state) => state.status())
    const isLeft = ({ role, rounds, processes }: LiveRole) =>
      role !== UNNAMED_ROLE || rounds > 0 || processes.length > 0 || roles.length === 1
    return roles.filter(isLeft)
  }

  #role(role: string): RoleState {
    const { windowMs, startedMs, tolerance } = this.#options
    const known = this.#roles.get(role)
    const state =
      known ?? new RoleState(role, { windowMs, startedMs, tolerance, unit: this.#hasRounds ? 'round' : 'window' })
    if (known === undefined) this.#roles.set(role, state)
    return state
  }

  #emitAll(events: readonly LiveEvent[]): void {
    for (const event of events) this.#emit(event)
  }

  #emit(event: LiveEvent): void {
    for (const listener of this.#listeners) listener(event)
  }
}

function withoutRss(reading: LimitReading | null): LiveLimit | null {
  if (reading === null) return null
  const { rss: _, ...limit } = reading
  return limit
}
