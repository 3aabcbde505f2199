import type { ComparisonEvent } from '../../../comparison/run/compare-options.js'
import { formatDuration } from '../../../shared/units.js'

/** Estimates the time that a comparison, or several, still take. */
export interface TimeLeft {
  update(event: ComparisonEvent): void
  /** Returns milliseconds; undefined before the first round of the first trial. */
  estimateMs(): number | undefined
  /** Returns `  about 3 min left`, or an empty text. */
  text(): string
}

/**
 * Estimates the time left from the mean of the trials that have run, with what passes between them;
 * during the first one, from its rounds.
 *
 * @param from `isMost`: the run may end before all of its trials; `of`: comparisons in all;
 *   `trialsLater`: trials of those that follow
 */
export function timeLeft({ isMost, of, trialsLater }: { isMost: boolean; of: number; trialsLater: number }): TimeLeft {
  let mayEndSooner = isMost
  let trialsLeft = 0
  let shareOfTrial = 0
  let startedMs = 0
  /** Time of the trials that have ended, with the gaps before them, and their number. */
  let spentMs = 0
  let ended = 0
  let lastEndedMs: number | undefined
  const estimateMs = () => {
    const perTrialMs = ended > 0 ? spentMs / ended : (performance.now() - startedMs) / shareOfTrial
    const leftMs = perTrialMs * (trialsLater + trialsLeft - Math.min(1, shareOfTrial))
    return Number.isFinite(leftMs) && leftMs > 0 ? leftMs : undefined
  }
  return {
    update: (event) => {
      if (event.kind === 'note' || event.kind === 'preparing') return
      if (event.kind === 'started') {
        trialsLeft = event.trials - event.trialsDone
        mayEndSooner ||= event.comparison.looks !== undefined
      } else if (event.kind === 'trial-started') {
        startedMs = performance.now()
        shareOfTrial = 0
      } else if (event.kind === 'trial-progress')
        shareOfTrial = event.round / (event.rounds ?? Number.POSITIVE_INFINITY)
      else {
        trialsLeft--
        shareOfTrial = 0
        ended++
        spentMs += event.result.endedMs - (lastEndedMs ?? event.result.startedMs)
        lastEndedMs = event.result.endedMs
      }
    },
    estimateMs,
    text: () => {
      const leftMs = estimateMs()
      if (leftMs === undefined) return ''
      return `  ${mayEndSooner ? 'at most ' : 'about '}${formatDuration(leftMs)} left${of > 1 ? ` for all ${of}` : ''}`
    },
  }
}
