import { count } from '../../shared/text.js'
import { formatBytes } from '../../shared/units.js'
import type { LiveRate, LiveVerdictState } from './live-status.js'

/** Facts known when a state was reached. */
export interface SaidOf {
  rate: LiveRate | null
  levelBytes: number
  toleranceBytes: number
  /** The first round of the part that decided. */
  fromRound: number
}

export interface VerdictFacts {
  state: LiveVerdictState
  rounds: number
  unit: 'round' | 'window'
  sinceRound: number | null
  reason: string | null
  said: SaidOf | null
  /** Minimum rounds for a verdict. */
  fewest: number
}

/** Returns the verdict so far in one sentence. */
export function sentenceOf(facts: VerdictFacts): string {
  const { state, rounds, unit, sinceRound, reason, said, fewest } = facts
  switch (state) {
    case 'too few rounds':
      return `too few ${unit}s to say anything: ${rounds} of at least ${fewest}`
    case 'undecided':
      return `undecided after ${count(rounds, unit)}`
    case 'grows':
      return `grows, established at ${unit} ${sinceRound}: by ${rateText(said?.rate ?? null, unit)}`
    case 'level':
      return `level at about ${formatBytes(said!.levelBytes)}, established at ${unit} ${sinceRound}: growth of ${formatBytes(said!.toleranceBytes)} a ${unit} or more is ruled out since ${unit} ${said!.fromRound}`
    case 'no longer grows':
      return `no longer grows: ${reason}`
    case 'no longer level':
      return `no longer level: ${reason}`
  }
}

/** Returns why an earlier verdict no longer holds; null where none is taken back. */
export function reasonOf(state: LiveVerdictState, unit: 'round' | 'window', said: SaidOf): string | null {
  const since = `since ${unit} ${said.fromRound}`
  if (state === 'no longer level') return `${since} it grows, by ${rateText(said.rate, unit)}`
  if (state === 'no longer grows')
    return `${since} it is level at about ${formatBytes(said.levelBytes)}, where growth of ${formatBytes(said.toleranceBytes)} a ${unit} or more is ruled out`
  return null
}

/** Formats a rate: `1.2 MiB a round (95 % interval 0.9 MiB to 1.5 MiB)`. */
export function rateText(rate: LiveRate | null, unit: 'round' | 'window'): string {
  if (rate === null) return 'at a rate that is not known yet'
  const { bytesPerRound, low, high } = rate
  return `${formatBytes(bytesPerRound)} a ${unit} (95 % interval ${formatBytes(low)} to ${formatBytes(high)})`
}
