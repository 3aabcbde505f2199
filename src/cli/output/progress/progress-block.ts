import pc from 'picocolors'
import type { ComparisonEvent } from '../../../comparison/run/compare-options.js'
import { verdictWord } from '../../../report/prose/behaviour.js'
import { medianEndRss } from '../../../report/prose/median-end-rss.js'
import { shortMib } from '../../../report/prose/short-size.js'
import { cutColumns, padColumns, toAscii } from '../../../report/terminal/layout.js'
import { sparkline, sparkRange } from '../../../report/terminal/sparkline.js'
import type { Comparison } from '../../../results/comparison.js'
import { printable, printableLine } from '../../../shared/printable.js'
import { count } from '../../../shared/text.js'
import { summarizeSetting } from '../../../verdict/difference/setting-summary.js'
import { judgeSetting } from '../../../verdict/difference/setting-verdict.js'
import { repaintedBlock } from '../../repaint.js'
import { terminalStyle } from '../terminal-style.js'
import type { StatusLine } from './status-line.js'

/** Lines of the terminal that the block leaves free. */
const LEFT_FREE = 4
const BAR = 30
const MOST_SPARK = 40
/** Width of the longest verdict: `levels off, 3 more trials · round 12 of 30`. */
const ROOM_FOR_VERDICT = 42

/** What is known of a setting so far. */
interface Row {
  label: string
  endRss: number[]
  peakBytes: number | null
  verdict: string
  trials: number
}

export interface ProgressBlock {
  line: StatusLine
  /** Repaints after an event. `left` gives the time left. */
  update(event: Exclude<ComparisonEvent, { kind: 'preparing' | 'note' }>, left: string): void
}

/**
 * Makes a block at the end of the terminal that shows the progress of a comparison, a row per
 * setting.
 *
 * @param place stands after the name where several comparisons run: ` (2 of 4)`
 */
export function progressBlock(stream: NodeJS.WriteStream, place: string): ProgressBlock {
  const block = repaintedBlock(stream)
  let comparison: Comparison | undefined
  let trials = 0
  let ended = 0
  let rows: Row[] = []
  /** Setting, RSS by round and current position of the running trial. */
  let running = { label: '', rss: [] as number[], where: '' }
  const paint = (left: string) => {
    if (comparison === undefined) return
    const style = terminalStyle(stream)
    const { bold, cyan, dim } = pc.createColors(style.hasColor)
    const most = Math.max(1, (stream.rows ?? 24) - LEFT_FREE)
    const shown = rows.length <= most ? rows : rows.filter(({ label }, i) => i < most - 1 || label === running.label)
    const name = Math.min(30, Math.max(...rows.map(({ label }) => printableLine(label).length)))
    const range = sparkRange([...rows.map(({ endRss }) => endRss), running.rss])
    const columns = Math.max(8, Math.min(MOST_SPARK, style.width - name - ROOM_FOR_VERDICT - 13))
    const full = trials === 0 ? 0 : Math.round((BAR * ended) / trials)
    const bar = style.isPlain
      ? `[${'#'.repeat(full)}${'.'.repeat(BAR - full)}]`
      : `${cyan('█'.repeat(full))}${dim('░'.repeat(BAR - full))}`
    const lines = [
      `${bold(printableLine(comparison.name))}${place}  ${bar}  ${ended} of ${comparison.looks === undefined ? '' : 'at most '}${count(trials, 'trial')}${left}`,
      ...shown.map((row) => {
        const isRunning = row.label === running.label
        const values = row.endRss.length > 0 ? row.endRss : isRunning ? running.rss : []
        const spark = range === undefined ? '' : sparkline(values, { range, columns, isPlain: style.isPlain })
        const peak = row.peakBytes === null ? '' : shortMib(row.peakBytes)
        const mark = isRunning ? (style.isPlain ? '>' : '▸') : ' '
        const parts = [verdictSoFar(row, comparison!), ...(isRunning && running.where !== '' ? [running.where] : [])]
        const text = `${mark} ${padColumns(cutColumns(printableLine(row.label), name, style.isPlain), name)}  `
        const tail = cutColumns(
          parts.filter((one) => one !== '').join(' · '),
          style.width - name - columns - 13,
          style.isPlain,
        )
        return `${text}${cyan(padColumns(spark, columns))}  ${padColumns(peak, 5, 'right')}  ${tail}`
      }),
    ]
    block.paint((style.isPlain ? lines.map(toAscii) : lines).join('\n'))
  }
  const update: ProgressBlock['update'] = (event, left) => {
    switch (event.kind) {
      case 'started':
        ;({ comparison, trials, trialsDone: ended } = event)
        rows = comparison.settings.map(({ label }) => rowOf(comparison!, label))
        break
      case 'trial-started':
        running = { label: event.trial.setting, rss: [], where: 'starts' }
        break
      case 'trial-progress':
        if (event.rssBytes !== null && event.round > 0) running.rss[event.round - 1] = event.rssBytes
        running.rss = Array.from(running.rss, (value, i) => value ?? running.rss[i + 1] ?? event.rssBytes ?? 0)
        running.where = `round ${event.round}${event.rounds === null ? '' : ` of ${event.rounds}`}`
        break
      case 'trial-ended':
        ended++
        running = { label: '', rss: [], where: '' }
        rows = rows.map((row) => (row.label === event.trial.setting ? rowOf(comparison!, row.label) : row))
    }
    paint(left)
  }
  return {
    line: {
      show: (text) => block.paint(printable(text)),
      print: (text) => block.print(printable(text)),
      clear: block.clear,
    },
    update,
  }
}

function rowOf(comparison: Comparison, label: string): Row {
  const own = comparison.trials.filter(({ setting }) => setting === label)
  const summary = summarizeSetting(label, own, { judge: comparison.judge })
  const failed = summary.failedTrials > 0 ? `${count(summary.failedTrials, 'trial')} failed` : ''
  return {
    label,
    endRss: medianEndRss(comparison, label),
    peakBytes: summary.peakBytes?.median ?? null,
    verdict: summary.trials === 0 ? failed : verdictWord(judgeSetting(comparison, summary).analysis),
    trials: own.length,
  }
}

/** Returns `flat, 1 more trial`. */
function verdictSoFar({ verdict, trials }: Row, { trialsPerSetting }: Comparison): string {
  const more = trialsPerSetting - trials
  const left = more <= 0 ? '' : count(more, 'more trial')
  return [verdict, left].filter((part) => part !== '').join(', ')
}
