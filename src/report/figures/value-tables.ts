import { mib } from '../../shared/units.js'
import type { ReportData } from '../html/report-data.js'
import { judgedRounds } from './rounds.js'
import { bandsOf, standingLines } from './setting-lines.js'

/** Values behind a figure, for readers who do not see it. */
export interface ValueTable {
  columns: string[]
  rows: string[][]
}

const TABLES: Record<string, (data: ReportData) => ValueTable> = {
  'settings-over-rounds': (data) => ({
    columns: ['setting', 'round', 'median MiB', 'lowest', 'highest', 'trials'],
    rows: bandsOf(standingLines(data)).map(({ setting, round, median, low, high, trials }) => [
      setting,
      String(round),
      mib(median),
      mib(low),
      mib(high),
      String(trials),
    ]),
  }),
  'rss-over-time': (data) => ({
    columns: ['setting', 'trial', 'process', 'round', 'ends after s', 'peak MiB', 'kind', 'end RSS MiB'],
    rows: data.trials.flatMap(({ setting, trial, processes }) =>
      processes.flatMap(({ name, rounds }) =>
        rounds.map(({ round, endMs, peakBytes, peakKind, endRssBytes }) => [
          setting,
          String(trial),
          name,
          String(round),
          (endMs / 1000).toFixed(2),
          orDash(peakBytes),
          peakBytes === null ? '-' : peakKind,
          mib(endRssBytes),
        ]),
      ),
    ),
  }),
  'accuracy-over-rounds': ofRounds('accuracy %', ({ accuracy }) =>
    accuracy === null ? undefined : (100 * accuracy).toFixed(1),
  ),
  'end-rss-by-round': ofRounds('end RSS MiB', ({ endRssBytes }) => mib(endRssBytes)),
  peaks: ofRounds('peak MiB', ({ peakBytes }) => (peakBytes === null ? undefined : mib(peakBytes))),
  'cleanup-cost': ofRounds('cleanup ms', ({ cleanup }) => cleanup?.totalMs.toFixed(1)),
  turns: ofRounds('added up by', ({ aggregator }) => aggregator),
  attribution: (data) => ({
    columns: ['setting', 'trial', 'live MiB', 'garbage MiB', 'retained MiB'],
    rows: data.trials.flatMap(({ setting, trial, attribution }) =>
      attribution === null
        ? []
        : [
            [
              setting,
              String(trial),
              mib(attribution.liveBytes),
              orDash(attribution.garbageBytes),
              mib(attribution.retainedBytes),
            ],
          ],
    ),
  }),
}

/**
 * Returns the values behind a figure.
 *
 * @param figure the name of its entry in `FIGURES`
 */
export function valueTable(figure: string, data: ReportData): ValueTable {
  const table = TABLES[figure]?.(data) ?? { columns: [], rows: [] }
  const name = (setting: string) => data.overview?.names[setting] ?? setting
  return { ...table, rows: table.rows.map(([setting = '', ...rest]) => [name(setting), ...rest]) }
}

type Round = ReturnType<typeof judgedRounds>[number]['round']

/** Makes a table with one value for each round of the judged role. */
function ofRounds(column: string, textOf: (round: Round) => string | undefined): (data: ReportData) => ValueTable {
  return (data) => ({
    columns: ['setting', 'trial', 'process', 'round', column],
    rows: judgedRounds(data).flatMap(({ setting, trial, name, round }) => {
      const value = textOf(round)
      return value === undefined ? [] : [[setting, String(trial), name, String(round.round), value]]
    }),
  })
}

function orDash(bytes: number | null): string {
  return bytes === null ? '-' : mib(bytes)
}
