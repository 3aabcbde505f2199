import type { ReportData } from '../report-data.js'
import { accuracyOverRounds } from './accuracy-over-rounds.js'
import { attribution } from './attribution.js'
import { cleanupCost } from './cleanup-cost.js'
import { endRssByRound } from './end-rss-by-round.js'
import type { Figure, FigureOptions } from './figure.js'
import { peaks } from './peaks.js'
import { judgedRounds } from './rounds.js'
import { rssOverTime } from './rss-over-time.js'

export interface FigureEntry {
  /** Its file, without ending. */
  name: string
  title: string
  draw(data: ReportData, options?: FigureOptions): Figure
  /** False where nothing of the kind was measured; the figure is then left out. */
  hasData(data: ReportData): boolean
}

/** In the order of the report. */
export const FIGURES: readonly FigureEntry[] = [
  {
    name: 'rss-over-time',
    title: 'RSS over time',
    draw: rssOverTime,
    hasData: (data) => data.trials.some(({ processes }) => processes.some(({ points }) => points.length > 0)),
  },
  {
    name: 'end-rss-by-round',
    title: 'RSS at the end of each round',
    draw: endRssByRound,
    hasData: (data) => judgedRounds(data).length > 0,
  },
  {
    name: 'peaks',
    title: 'Highest peak of each trial',
    draw: peaks,
    hasData: (data) => judgedRounds(data).some(({ round }) => round.peakBytes !== null),
  },
  {
    name: 'attribution',
    title: 'What the RSS is made of',
    draw: attribution,
    hasData: (data) => data.trials.some((trial) => trial.attribution !== null),
  },
  {
    name: 'cleanup-cost',
    title: 'What cleanup costs',
    draw: cleanupCost,
    hasData: (data) => judgedRounds(data).some(({ round }) => round.cleanup !== null),
  },
  {
    name: 'accuracy-over-rounds',
    title: 'Accuracy over rounds',
    draw: accuracyOverRounds,
    hasData: (data) => judgedRounds(data).some(({ round }) => round.accuracy !== null),
  },
]
