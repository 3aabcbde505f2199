import type { ComparisonEvent } from '../../../comparison/run/compare-options.js'
import type { TrialResult } from '../../../results/comparison.js'
import { count } from '../../../shared/text.js'
import { formatBytes, formatDuration } from '../../../shared/units.js'
import { progressBlock } from './progress-block.js'
import { type StatusLine, statusLine } from './status-line.js'
import { timeLeft } from './time-left.js'

export interface ProgressOptions {
  /** `at most ` for a search, which may end before all of its trials; otherwise empty. */
  atMost?: '' | 'at most '
  /**
   * Place among the comparisons that run one after the other, from 1, and the trials of those that
   * follow: the time left covers all of them.
   */
  ofSeveral?: { place: number; of: number; trialsLater: number } | undefined
}

/**
 * Reports the progress of a comparison. On a terminal it repaints a block: a bar, the time left,
 * and a row per setting with its sparkline, peak and current verdict. Without one it prints a line
 * per trial, and one every few seconds while a trial runs.
 */
export function comparisonProgress(
  stream: NodeJS.WriteStream,
  { atMost = '', ofSeveral = { place: 1, of: 1, trialsLater: 0 } }: ProgressOptions = {},
): {
  line: StatusLine
  report(event: ComparisonEvent): void
} {
  const block = stream.isTTY ? progressBlock(stream, placeWords(ofSeveral)) : undefined
  const line = block?.line ?? statusLine(stream)
  const left = timeLeft({ isMost: atMost !== '', ...ofSeveral })
  let trials = 0
  /**
   * Position of the running trial among those of this run. A shard does not run all trials, so
   * their own numbers do not give it.
   */
  let place = 0
  let judge = ''
  /** `at most ` where trials are added until it is decided. */
  let most = atMost
  /** Print the first sign that trials work as they should at once. */
  let isNews = true
  const report = (event: ComparisonEvent) => {
    if (event.kind === 'preparing') {
      line.print(event.note)
      return
    }
    left.update(event)
    if (event.kind === 'started') {
      ;({ trials, judge, trialsDone: place } = event)
      const resumed = event.trialsDone === 0 ? '' : `, ${event.trialsDone} of them done`
      most = event.comparison.looks === undefined ? atMost : 'at most '
      line.print(
        `${event.name}${placeWords(ofSeveral)}: ${count(event.settings, 'setting')}, ${most}${count(event.trials, 'trial')}${resumed}; results in ${event.folder}`,
      )
      block?.update(event, left.text())
      return
    }
    const { trial } = event
    if (event.kind === 'trial-started') place++
    const head = `trial ${place} of ${most}${trials}  ${trial.setting}`
    if (event.kind === 'note') line.print(`${head}  ${event.note}`)
    else if (block !== undefined) {
      if (event.kind === 'trial-ended' && event.result.state !== 'completed')
        line.print(`${head}  ${outcome(event.result, judge)}`)
      block.update(event, left.text())
    } else if (event.kind === 'trial-started') line.show(`${head}  starting${left.text()}`)
    else if (event.kind === 'trial-ended')
      // The reason of a failure is a sentence, or ends with what to do.
      line.print(`${head}  ${outcome(event.result, judge)}${event.result.state === 'completed' ? left.text() : ''}`)
    else {
      const of = event.rounds === null ? '' : ` of ${event.rounds}`
      const rss = event.rssBytes === null ? '' : `  ${judge} ${formatBytes(event.rssBytes)}`
      line.show(`${head}  round ${event.round}${of}${rss}${left.text()}`, isNews)
      isNews = false
    }
  }
  return { line, report }
}

function outcome(result: TrialResult, judge: string): string {
  const took = formatDuration(result.endedMs - result.startedMs)
  if (result.state !== 'completed') return `${result.state} after ${took}: ${result.reason}`
  const peaks = result.rounds.flatMap((round) =>
    round.role === judge && round.peakBytes !== null ? [round.peakBytes] : [],
  )
  return peaks.length === 0 ? took : `${took}, peak ${formatBytes(Math.max(...peaks))}`
}

/** Returns ` (2 of 4)`; empty where there is one comparison. */
function placeWords({ place, of }: NonNullable<ProgressOptions['ofSeveral']>): string {
  return of > 1 ? ` (${place} of ${of})` : ''
}
