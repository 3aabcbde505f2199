import type { LiveForecast, LiveRate, LiveVerdict } from './live-status.js'

export interface RoundToJudge {
  round: number
  timeMs: number
  bytes: number
}

/** The verdict on one role's rounds so far, round by round. */
export class VerdictSoFar {
  readonly options: { limitBytes: number | null; toleranceBytes: number | undefined }
  #rounds = 0

  constructor(options: { limitBytes: number | null; toleranceBytes: number | undefined }) {
    this.options = options
  }

  add(_round: RoundToJudge): void {
    this.#rounds++
  }

  verdict(): LiveVerdict {
    const sentence = `Too few rounds to say anything: ${this.#rounds}.`
    return { state: 'too few rounds', sentence, sinceRound: null, reason: null, evidence: 0 }
  }

  rate(): LiveRate | null {
    return null
  }

  forecast(): LiveForecast | null {
    return null
  }
}
