import { dot, gridY, line, type Markish, pointer, ruleY, tip } from '@observablehq/plot'
import { formatBytes, MIB } from '../../shared/units.js'
import type { ReportData, ReportRound } from '../html/report-data.js'
import { roundAxis, valueAxis } from './parts/axes.js'
import { type Figure, type FigureOptions, frame } from './parts/figure.js'
import { type LegendEntry, legend, legendHeight } from './parts/legend.js'
import { panelLayout, panelsOf } from './parts/panels.js'
import { roleEntries, rolesOf } from './parts/roles.js'

const PANEL_HEIGHT = 150

/**
 * Draws the peak of each peer of a swarm by round, a panel per setting, from its first completed
 * trial: a line per peer, and a dot where it was the aggregator.
 */
export function turns(data: ReportData, options: FigureOptions = {}): Figure {
  const { width, ink, style } = frame(options)
  const panels = panelsOf(data.settings, width, PANEL_HEIGHT)
  const roles = rolesOf(data, ink).filter(({ isJudged }) => isJudged)
  const colors = new Map(roles.map(({ name, color }) => [name, color]))
  const rounds = peerRounds(data)
  const at = {
    fx: (row: PeerRound) => panels.fx(row.setting),
    fy: (row: PeerRound) => panels.fy(row.setting),
    x: (row: PeerRound) => row.round.round,
    y: (row: PeerRound) => row.bytes / MIB,
  }
  const colorOf = (row: PeerRound) => colors.get(row.name) ?? ink.faint
  const entries: LegendEntry[] = [
    ...roleEntries(roles, ink),
    { label: 'the peer adds the round up', color: ink.text, symbol: 'dot' },
  ]
  const margins = { top: legendHeight(entries, width) + 30, bottom: 44 }
  const marks: Markish[] = [
    gridY({ stroke: ink.grid, strokeOpacity: 1 }),
    ruleY([0], { stroke: ink.faint }),
    line(rounds, { ...at, z: 'name', stroke: colorOf, strokeWidth: 1.2 }),
    dot(rounds.filter(hasTurn), { ...at, fill: colorOf, stroke: ink.text, strokeWidth: 0.8, r: 4 }),
    roundAxis(lastOf(rounds), ink),
    valueAxis('peak in the round (MiB)', ink),
    panels.titles,
    legend(entries, ink),
  ]
  if (options.tips) marks.push(tip(rounds, pointer({ ...at, title, fill: ink.background })))
  return {
    ariaLabel: 'Peaks of the peers by round, and whose turn it was',
    ...panelLayout(panels, { width, margins, style }),
    x: { domain: [1, Math.max(2, lastOf(rounds))], inset: 6 },
    y: { domain: [0, (Math.max(1, ...rounds.map(({ bytes }) => bytes)) * 1.04) / MIB], nice: true, ticks: 6 },
    r: { type: 'identity' },
    color: { type: 'identity' },
    marks,
  } as Figure
}

export function hasTurns(data: ReportData): boolean {
  return peerRounds(data).some(hasTurn)
}

interface PeerRound {
  setting: string
  trial: number
  name: string
  round: ReportRound
  /** Peak; the RSS at the end where the peak is unknown. */
  bytes: number
}

function peerRounds(data: ReportData): PeerRound[] {
  const first = data.settings.flatMap(
    (label) => data.trials.find(({ setting, state }) => setting === label && state === 'completed') ?? [],
  )
  return first.flatMap(({ setting, trial, processes }) =>
    processes
      .filter(({ role }) => role === data.judge)
      .flatMap(({ name, rounds }) =>
        rounds.map((round) => ({ setting, trial, name, round, bytes: round.peakBytes ?? round.endRssBytes })),
      ),
  )
}

function hasTurn({ name, round }: PeerRound): boolean {
  return round.aggregator === name
}

function lastOf(rounds: readonly PeerRound[]): number {
  return Math.max(1, ...rounds.map(({ round }) => round.round))
}

function title(row: PeerRound): string {
  const turn = hasTurn(row) ? ', which it adds up' : `, added up by ${row.round.aggregator ?? 'another'}`
  return `${row.setting}, trial ${row.trial}, ${row.name}\nround ${row.round.round}${turn}: ${formatBytes(row.bytes)}`
}
