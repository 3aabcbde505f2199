import { areaY, gridY, line, type Markish, pointer, ruleY, text, tip } from '@observablehq/plot'
import { formatBytes, MIB } from '../../shared/units.js'
import type { ReportData } from '../html/report-data.js'
import { roundAxis, valueAxis } from './parts/axes.js'
import { type Figure, type FigureOptions, FONT_SIZE, frame, type Ink } from './parts/figure.js'
import { panelLayout, panelsOf } from './parts/panels.js'
import { bandsOf, type RoundBand, standingLines, type TrialRow } from './setting-lines.js'

export interface SettingsFigureOptions extends FigureOptions {
  /** Arrangement: one over another, which is the default, or a panel per setting. */
  layout?: 'overlaid' | 'panels'
  /** Rounds that are drawn; left out: all of them. */
  rounds?: { from: number; to: number }
}

const HEIGHT = 330
const NARROW_HEIGHT = 300
const PANEL_HEIGHT = 150
/** Mean width of a character of a label, in pixels. */
const CHARACTER = 8.1
const NARROW_CHARACTER = 6.9
const LABEL_GAP = 15

/**
 * Draws end RSS of the judged role by round, all settings together: thin lines are trials, bold
 * ones their median, bands reach from the lowest to the highest trial, and the limit is a line
 * where it is near. Each line has its name at its end.
 */
export function settingsOverRounds(data: ReportData, options: SettingsFigureOptions = {}): Figure {
  const { width, ink, style, isNarrow } = frame(options)
  const isPanels = options.layout === 'panels'
  const all = standingLines(data)
  const last = Math.max(2, ...all.map(({ round }) => round))
  const { from, to } = options.rounds ?? { from: 1, to: last }
  const rows = all.filter(({ round }) => round >= from && round <= to)
  const bands = bandsOf(rows)
  const color = ({ setting }: { setting: string }) => colorOf(data, setting, ink)
  const highest = Math.max(1, ...rows.map(({ bytes }) => bytes)) / MIB
  const limit = limitNear(data, highest)
  const top = Math.max(highest, limit?.at ?? 0) * 1.06
  const panels = panelsOf(data.settings, width, PANEL_HEIGHT)
  const facet = isPanels ? { fx: (d: Row) => panels.fx(d.setting), fy: (d: Row) => panels.fy(d.setting) } : {}
  const ends = data.settings.flatMap((setting) => bands.filter((band) => band.setting === setting).slice(-1))
  const character = isNarrow ? NARROW_CHARACTER : CHARACTER
  const labelWidth = Math.max(...data.settings.map((setting) => nameOf(data, setting).length), 4) * character + 14
  const marginRight = isPanels ? 10 : Math.min(labelWidth, width * (isNarrow ? 0.5 : 0.25))
  const height = isNarrow ? NARROW_HEIGHT : HEIGHT
  const margins = isPanels ? { top: 30, bottom: 44 } : { top: 14, bottom: 44 }
  const at = { ...facet, x: 'round' }
  const strong = ({ setting }: Row) => (setting === data.overview?.chosen ? 3.2 : 2)
  const marks: Markish[] = [
    gridY({ stroke: ink.grid, strokeOpacity: 1 }),
    ruleY([0], { stroke: ink.faint }),
    areaY(bands, { ...at, y1: inMib('low'), y2: inMib('high'), z: 'setting', fill: color, fillOpacity: 0.13 }),
    line(rows, {
      ...at,
      y: (row: TrialRow) => row.bytes / MIB,
      z: (row: TrialRow) => `${row.setting} ${row.trial}`,
      stroke: color,
      strokeWidth: 0.8,
      strokeOpacity: 0.5,
    }),
    ...data.settings.map((setting) =>
      line(
        bands.filter((band) => band.setting === setting),
        {
          ...at,
          y: inMib('median'),
          stroke: color,
          strokeWidth: strong({ setting }),
          strokeDasharray: dashOf(data, setting),
        },
      ),
    ),
    ...limitMarks(limit, ink),
    roundAxis(Math.max(2, to), ink),
    valueAxis(`RSS of the ${data.judge} at the end of a round (MiB)`, ink),
    ...(isPanels
      ? [panels.titles]
      : endLabels(ends, {
          data,
          ink,
          top,
          plot: height - margins.top - margins.bottom,
          fontSize: isNarrow ? FONT_SIZE - 1 : FONT_SIZE + 1,
        })),
  ]
  if (options.tips)
    marks.push(tip(bands, pointer({ ...at, y: inMib('median'), title: titleOf(data), fill: ink.background })))
  const layout = isPanels
    ? panelLayout(panels, { width, margins, style })
    : { width, height, marginTop: margins.top, marginBottom: margins.bottom, marginLeft: 54, marginRight, style }
  return {
    ariaLabel: 'RSS at the end of each round, all settings',
    ...layout,
    x: { domain: [from, Math.max(from + 1, to)], inset: 4 },
    y: { domain: [0, top], ticks: 6 },
    marks,
  } as Figure
}

/**
 * Returns `gc=0 goes from 61.0 MiB to 98.2 MiB, ...`: the medians of the first and the last round.
 */
export function settingsSentence(data: ReportData): string {
  const bands = bandsOf(standingLines(data))
  const words = data.settings.flatMap((setting) => {
    const own = bands.filter((band) => band.setting === setting)
    if (own.length === 0) return []
    return [`${nameOf(data, setting)} goes from ${formatBytes(own[0]!.median)} to ${formatBytes(own.at(-1)!.median)}`]
  })
  return `Medians over ${Math.max(0, ...bands.map(({ round }) => round))} rounds: ${words.join(', ')}.`
}

interface Row {
  setting: string
}

/**
 * Returns a setting's colour by its place in the comparison, so that it stays when others are
 * switched off.
 */
export function colorOf(data: ReportData, setting: string, ink: Ink): string {
  return ink.settings[placeOf(data, setting) % ink.settings.length]!
}

/** Returns a dash pattern, which separates settings beyond the number of colours. */
function dashOf(data: ReportData, setting: string): string {
  const turn = Math.floor(placeOf(data, setting) / 8)
  return turn === 0 ? 'none' : turn === 1 ? '7,4' : '2,3'
}

function placeOf({ overview, settings }: ReportData, setting: string): number {
  return Math.max(0, (overview?.settings ?? settings).indexOf(setting))
}

export function nameOf({ overview }: ReportData, setting: string): string {
  return overview?.names[setting] ?? setting
}

/** Returns the limit where it is near; one far above would flatten everything below it. */
function limitNear({ overview }: ReportData, highestMib: number): { at: number; name: string } | undefined {
  if (overview?.limit == null) return undefined
  const at = overview.limit.bytes / MIB
  return at <= 2.5 * highestMib
    ? { at, name: `${overview.limit.name}: ${formatBytes(overview.limit.bytes)}` }
    : undefined
}

function limitMarks(limit: { at: number; name: string } | undefined, ink: Ink): Markish[] {
  if (limit === undefined) return []
  return [
    ruleY([limit.at], { stroke: ink.limit, strokeWidth: 1.6, strokeDasharray: '6,3' }),
    text([limit.name], {
      frameAnchor: 'left',
      y: [limit.at],
      dx: 6,
      dy: -FONT_SIZE / 2 - 2,
      textAnchor: 'start',
      fill: ink.limit,
      fontWeight: 'bold',
    }),
  ]
}

/** Draws names beside the ends of the lines, moved apart where they would overlap. */
function endLabels(
  ends: readonly RoundBand[],
  { data, ink, top, plot, fontSize }: { data: ReportData; ink: Ink; top: number; plot: number; fontSize: number },
): Markish[] {
  const pixels = (bytes: number) => plot * (1 - bytes / MIB / top)
  const sorted = [...ends].sort((a, b) => b.median - a.median)
  const places = spread(
    sorted.map(({ median }) => pixels(median)),
    plot,
  )
  const labels = sorted.map((band, i) => ({ ...band, y: top * (1 - places[i]! / plot) }))
  const isChosen = ({ setting }: RoundBand) => setting === data.overview?.chosen
  return ['normal', 'bold'].map((fontWeight) =>
    text(
      labels.filter((label) => isChosen(label) === (fontWeight === 'bold')),
      {
        x: 'round',
        y: 'y',
        dx: 8,
        textAnchor: 'start',
        text: ({ setting }: RoundBand) => nameOf(data, setting),
        fill: ({ setting }: RoundBand) => colorOf(data, setting, ink),
        fontWeight,
        fontSize,
      },
    ),
  )
}

/** Returns places from top to bottom at least {@link LABEL_GAP} apart, none below the plot. */
function spread(wanted: readonly number[], bottom: number): number[] {
  const places: number[] = []
  for (const [i, place] of wanted.entries()) places.push(i === 0 ? place : Math.max(place, places[i - 1]! + LABEL_GAP))
  for (let i = places.length - 1, low = bottom; i >= 0; i--) {
    places[i] = Math.min(places[i]!, low)
    low = places[i]! - LABEL_GAP
  }
  return places
}

function inMib(key: 'median' | 'low' | 'high'): (band: RoundBand) => number {
  return (band) => band[key] / MIB
}

function titleOf(data: ReportData): (band: RoundBand) => string {
  return ({ setting, round, median, low, high, trials }) =>
    `${nameOf(data, setting)}\nend of round ${round}: ${formatBytes(median)}${trials > 1 ? `\n${trials} trials: ${formatBytes(low)} to ${formatBytes(high)}` : ''}`
}
