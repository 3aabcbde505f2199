import type { ReportData } from '../html/report-data.js'
import { accuracyOverRounds } from './accuracy-over-rounds.js'
import { attribution } from './attribution.js'
import { cleanupCost } from './cleanup-cost.js'
import { endRssByRound } from './end-rss-by-round.js'
import type { Figure, FigureOptions } from './parts/figure.js'
import { peaks } from './peaks.js'
import { judgedRounds } from './rounds.js'
import { rssOverTime } from './rss-over-time.js'
import { standingLines } from './setting-lines.js'
import { settingsOverRounds, settingsSentence } from './settings-over-rounds.js'
import { hasTurns, turns } from './turns.js'

export interface FigureEntry {
  /** Name of the file, without its extension. */
  name: string
  title: string
  /** Explains how to read the figure, in a sentence or two. */
  note(data: ReportData): string
  /**
   * Describes what the figure shows, in a sentence with numbers. Where it is left out, the note is
   * used.
   */
  sentence?(data: ReportData): string
  draw(data: ReportData, options?: FigureOptions): Figure
  /** Returns false where nothing of the kind was measured; the figure is then left out. */
  hasData(data: ReportData): boolean
}

/** All figures in the order of the report. */
export const FIGURES: readonly FigureEntry[] = [
  {
    name: 'settings-over-rounds',
    title: 'Memory at the end of each round, by setting',
    note: ({ judge }) =>
      `The ${judge}: a bold line is the median of a setting's trials, a thin one a trial, and the band reaches from the lowest to the highest.`,
    sentence: settingsSentence,
    draw: settingsOverRounds,
    hasData: (data) => standingLines(data).length > 0,
  },
  {
    name: 'rss-over-time',
    title: 'RSS over time',
    note: () =>
      'Every process of every trial. Dots are the peaks of rounds; the time of a peak is that of the highest sample of its round.',
    draw: rssOverTime,
    hasData: (data) => data.trials.some(({ processes }) => processes.some(({ points }) => points.length > 0)),
  },
  {
    name: 'accuracy-over-rounds',
    title: 'Accuracy over rounds',
    note: () => 'Share of held-out examples that the global model gets right.',
    draw: accuracyOverRounds,
    hasData: (data) => judgedRounds(data).some(({ round }) => round.accuracy !== null),
  },
  {
    name: 'end-rss-by-round',
    title: 'RSS at the end of each round',
    note: ({ judge }) =>
      `The ${judge}, at the very end of a round, after its cleanup if one ran. Shapes are judged on this.`,
    draw: endRssByRound,
    hasData: (data) => judgedRounds(data).length > 0,
  },
  {
    name: 'turns',
    title: 'Whose turn it was',
    note: () =>
      'Peak of each peer in each round, in the first completed trial of each setting. A dot: this peer added the round up.',
    draw: turns,
    hasData: hasTurns,
  },
  {
    name: 'peaks',
    title: 'Highest peak of each trial',
    note: ({ judge }) => `The highest peak of any round of the ${judge}, one dot for each completed trial.`,
    draw: peaks,
    hasData: (data) => judgedRounds(data).some(({ isCompleted, round }) => isCompleted && round.peakBytes !== null),
  },
  {
    name: 'attribution',
    title: 'What the RSS is made of',
    note: ({ judge }) =>
      `One bar a trial: RSS of the ${judge} when the job was done, split by what came back when it was asked for.`,
    draw: attribution,
    hasData: (data) => data.trials.some((trial) => trial.attribution !== null),
  },
  {
    name: 'cleanup-cost',
    title: 'What cleanup costs',
    note: ({ judge }) => `Every cleanup of the ${judge}, and the share of all round time that goes into cleanup.`,
    draw: cleanupCost,
    hasData: (data) => judgedRounds(data).some(({ round }) => round.cleanup !== null),
  },
]
