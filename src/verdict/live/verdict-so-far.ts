import { MIB } from '../../shared/units.js'
import { fitLine, slopeOf } from '../../statistics/anytime/line-fit.js'
import { timeOfRounds } from '../../statistics/anytime/time-of-rounds.js'
import { timeToLevel } from '../../statistics/anytime/time-to-level.js'
import { wanderOf, withWander } from '../../statistics/anytime/wander.js'
import { median } from '../../statistics/median.js'
import { type EvidencePart, EvidenceParts } from './evidence-parts.js'
import type { LiveForecast, LiveLimit, LiveRate, LiveVerdict, LiveVerdictState } from './live-status.js'
import { reasonOf, type SaidOf, sentenceOf } from './verdict-sentence.js'

export interface RoundToJudge {
  round: number
  /** Time at which the round ended. */
  timeMs: number
  /** RSS of its processes at that time. */
  bytes: number
  /**
   * What counted against the limit with them, other processes included; null where that is not
   * known.
   */
  usedBytes: number | null
  /** How far its peak lies above `bytes`; 0 where it is not known. */
  peakAboveBytes: number
  /**
   * True where no process of the round before is left: the memory of those says nothing about the
   * new ones.
   */
  isRestart: boolean
}

/** Growth a round below which memory is level: in bytes, or as a share of the level. */
export type Tolerated = { bytes: number } | { share: number }

export interface VerdictOptions {
  /** Undefined: {@link TOLERANCE} of the level. */
  tolerance: Tolerated | undefined
  unit: 'round' | 'window'
}

/** A line through the newest rounds, in MiB. */
interface Fit {
  lines: ReturnType<typeof fitLine>
  values: number[]
  fromRound: number
}

/** Other programs use this limit too, so that it being used more and more says nothing of ours. */
const MACHINE: LiveLimit['name'] = 'the memory of the machine'
/** Default tolerance: at 0.1 % of the level a round memory doubles in 1000 rounds. */
const TOLERANCE = 0.001
const LEAST_TOLERANCE_BYTES = 1024
/** Minimum total of certain growth, as a share of the level, before it is called `grows`. */
const CAME_TO = 0.015
/** Minimum rounds for a verdict. */
const FEWEST_ROUNDS = 12
/** Minimum and maximum rounds for the rate and the forecast, which use the last half. */
const FEWEST_FOR_RATE = 8
const MOST_FOR_RATE = 200

/**
 * The verdict on one series of rounds, which may be read after every round: its error is that of
 * {@link EvidenceParts} and does not add up over the looks. A verdict is taken back, with the
 * reason, where the rounds since contradict it: `grows` when they are level, `level` when they
 * grow.
 */
export class VerdictSoFar {
  readonly #options: VerdictOptions
  #limit: Pick<LiveLimit, 'bytes' | 'name'> | null = null
  #rounds: RoundToJudge[] = []
  #count = 0
  readonly #parts = new EvidenceParts()
  #state: LiveVerdictState = 'too few rounds'
  #sinceRound: number | null = null
  #reason: string | null = null
  /** Facts on which the current state was reached. */
  #said: SaidOf | null = null
  #logE = Number.NEGATIVE_INFINITY
  #line: Fit | null = null
  /** Undefined: not computed since the last round. */
  #rate: LiveRate | null | undefined
  #forecast: LiveForecast | null | undefined

  constructor(options: VerdictOptions) {
    this.#options = options
  }

  add(round: RoundToJudge): void {
    this.#line = null
    this.#rate = undefined
    this.#forecast = undefined
    this.#count++
    if (round.isRestart) this.#restart(round)
    this.#rounds.push(round)
    if (this.#rounds.length > 2 * MOST_FOR_RATE) this.#rounds = this.#rounds.slice(-MOST_FOR_RATE)
    this.#parts.add(round)
    if (this.#state === 'too few rounds' && this.#count >= FEWEST_ROUNDS) this.#state = 'undecided'
    this.#judge(round)
  }

  setLimit(limit: Pick<LiveLimit, 'bytes' | 'name'> | null): void {
    if (limit?.bytes !== this.#limit?.bytes) this.#forecast = undefined
    this.#limit = limit
  }

  get state(): LiveVerdictState {
    return this.#state
  }

  verdict(): LiveVerdict {
    const evidence = Math.min(1e6, Math.exp(this.#logE))
    return {
      state: this.#state,
      sentence: sentenceOf({
        state: this.#state,
        rounds: this.#count,
        unit: this.#options.unit,
        sinceRound: this.#sinceRound,
        reason: this.#reason,
        said: this.#said,
        fewest: FEWEST_ROUNDS,
      }),
      sinceRound: this.#sinceRound,
      reason: this.#reason,
      evidence: Number.isFinite(evidence) ? evidence : 0,
    }
  }

  rate(): LiveRate | null {
    if (this.#rate === undefined) this.#rate = this.#rateNow()
    return this.#rate
  }

  #rateNow(): LiveRate | null {
    const line = this.#fit()
    if (line === null) return null
    const { estimate, low, high } = slopeOf(line.lines)
    const msPerRound = this.#msPerRound()
    return {
      bytesPerRound: estimate * MIB,
      low: low * MIB,
      high: high * MIB,
      fromRound: line.fromRound,
      bytesPerHour: msPerRound === null ? null : (estimate * MIB * 3_600_000) / msPerRound,
    }
  }

  forecast(): LiveForecast | null {
    if (this.#forecast === undefined) this.#forecast = this.#forecastNow()
    return this.#forecast
  }

  #forecastNow(): LiveForecast | null {
    const limit = this.#limit
    const line = this.#fit()
    if (limit === null || line === null) return null
    const peaks = this.#peakFit(line.values.length)
    if (!this.#mayRise() && !(limit.name !== MACHINE && slopeOf(peaks.lines).low > 0)) return null
    const met = timeToLevel(peaks.values, peaks.lines, limit.bytes / MIB)
    if (met === null) return null
    const slope = peaks.lines.reduce((sum, { weight, centre }) => sum + weight * centre, 0)
    const rounds = withWander(met, { wander: wanderOf(peaks.values), slope, rows: peaks.values.length })
    return { limitBytes: limit.bytes, rounds, ms: timeOfRounds(rounds, this.#lengthsMs(line.values.length)) }
  }

  /**
   * Returns the line of the peaks, which meet the limit before the ends of rounds do, with all else
   * that counts against it.
   */
  #peakFit(rows: number): Pick<Fit, 'lines' | 'values'> {
    const part = this.#rounds.slice(-rows)
    const isKnown = part.every(({ usedBytes }) => usedBytes !== null)
    const values = part.map(({ bytes, usedBytes, peakAboveBytes }) => {
      const endBytes = isKnown ? usedBytes! : bytes
      return (endBytes + peakAboveBytes) / MIB
    })
    return { values, lines: fitLine(values) }
  }

  /** Tells whether growth is in sight. Without it, noise alone would meet any limit some day. */
  #mayRise(): boolean {
    if (isGrowing(this.#state)) return true
    const rate = this.rate()
    return rate !== null && rate.low > 0
  }

  #judge(round: RoundToJudge): void {
    const levelBytes = this.#level()
    const state = this.#state
    if (state === 'too few rounds') return
    if (isGrowing(state)) {
      const claimed = this.#said?.rate?.bytesPerRound
      const part = this.#parts.all.find((one) => this.#isLevel(one, levelBytes, claimed))
      if (part !== undefined) this.#reach('no longer grows', round, part)
      return
    }
    const logEs = this.#parts.all.map(({ evidence }) => evidence.logE())
    this.#logE = logEs[0]!
    const growing = this.#parts.all.find(
      ({ fromBytes, enough }, i) => logEs[i]! >= enough && round.bytes - fromBytes > CAME_TO * levelBytes,
    )
    if (growing !== undefined) {
      this.#reach(state === 'level' ? 'no longer level' : 'grows', round, growing)
      return
    }
    if (state !== 'undecided' || this.#risesByHalf(levelBytes)) return
    const level = this.#parts.all.find((part, i) => logEs[i]! < part.enough && this.#isLevel(part, levelBytes))
    if (level !== undefined) this.#reach('level', round, level)
  }

  /**
   * Tells whether the last half rose by more than a level may: memory that grows by rare steps is
   * level in each part between them. Quarters are compared, so that a single round decides nothing.
   */
  #risesByHalf(levelBytes: number): boolean {
    const quarter = Math.ceil(this.#rounds.length / 4)
    const bytes = this.#rounds.map((round) => round.bytes)
    const rise = median(bytes.slice(-quarter)) - median(bytes.slice(-2 * quarter, -quarter))
    return rise > CAME_TO * levelBytes
  }

  /** Tells whether a part rules out growth that is fast enough to matter. */
  #isLevel({ evidence, enough }: EvidencePart, levelBytes: number, claimedBytes = Number.POSITIVE_INFINITY): boolean {
    const than = Math.min(this.#toleranceBytes(levelBytes), Math.max(claimedBytes, 0) / 2) / MIB
    return evidence.logE({ direction: -1, than }) >= enough
  }

  #reach(state: LiveVerdictState, round: RoundToJudge, { fromRound }: EvidencePart): void {
    const levelBytes = this.#level()
    const said = { rate: this.rate(), levelBytes, toleranceBytes: this.#toleranceBytes(levelBytes), fromRound }
    this.#reason = reasonOf(state, this.#options.unit, said)
    this.#state = state
    this.#sinceRound = round.round
    this.#said = said
    this.#parts.restart()
  }

  #restart(round: RoundToJudge): void {
    this.#rounds = []
    this.#parts.restart()
    if (!isGrowing(this.#state)) return
    this.#state = 'no longer grows'
    this.#reason = `its processes were replaced before ${this.#options.unit} ${round.round}, and the new ones are judged by themselves`
    this.#sinceRound = round.round
  }

  #level(): number {
    return median(this.#rounds.slice(-FEWEST_ROUNDS).map(({ bytes }) => bytes))
  }

  #toleranceBytes(levelBytes: number): number {
    const { tolerance = { share: TOLERANCE } } = this.#options
    return 'bytes' in tolerance ? tolerance.bytes : Math.max(LEAST_TOLERANCE_BYTES, tolerance.share * levelBytes)
  }

  #fit(): Fit | null {
    if (this.#line !== null) return this.#line
    const rows = Math.min(MOST_FOR_RATE, Math.max(FEWEST_FOR_RATE, Math.ceil(this.#rounds.length / 2)))
    if (this.#rounds.length < rows) return null
    const part = this.#rounds.slice(-rows)
    const values = part.map(({ bytes }) => bytes / MIB)
    this.#line = { values, lines: fitLine(values), fromRound: part[0]!.round }
    return this.#line
  }

  #msPerRound(): number | null {
    const [first, last] = [this.#rounds[0], this.#rounds.at(-1)]
    if (first === undefined || last === undefined || first === last || last.round <= first.round) return null
    return (last.timeMs - first.timeMs) / (this.#rounds.length - 1)
  }

  /** Returns how long the newest rounds took, one fewer than `rows`. */
  #lengthsMs(rows: number): number[] {
    const part = this.#rounds.slice(-rows)
    return part.slice(1).map(({ timeMs }, i) => timeMs - part[i]!.timeMs)
  }
}

/** Tells whether a state says that memory grows now. */
export function isGrowing(state: LiveVerdictState): boolean {
  return state === 'grows' || state === 'no longer level'
}
