import { printableLine } from '../../shared/printable.js'
import { count } from '../../shared/text.js'
import { formatBytes, formatDuration } from '../../shared/units.js'
import type { LiveForecast, LiveRole, LiveRound, LiveStatus } from '../../verdict/live/live-status.js'
import { rateText } from '../../verdict/live/verdict-sentence.js'
import type { Point } from '../downsample.js'
import { terminalChart } from './terminal-chart.js'

export interface BlockSize {
  columns: number
  /** Lines of the whole block. */
  lines: number
  isPlain?: boolean
}

/** RSS of a role over time. */
export interface RoleCurve {
  role: string
  points: readonly Point[]
}

/** Most rounds whose peaks are drawn as bars. */
const MOST_BARS = 40
const LINES_A_ROLE = 4
const FEWEST_CHART_LINES = 6

/**
 * Returns the block that is repainted while a program runs: the curve, and for each role the exact
 * peaks of its rounds, the rate, the current verdict and when it reaches the limit. Roles with the
 * most memory come first; those without room are counted.
 *
 * @returns at most `lines` lines, none wrapped beyond the terminal's width; text from the program
 *   is escaped
 */
export function liveBlock(status: LiveStatus, curves: readonly RoleCurve[], size: BlockSize): string[] {
  const ranked = [...status.roles].sort((a, b) => (b.rssBytes ?? -1) - (a.rssBytes ?? -1))
  const shown = ranked.slice(0, Math.max(1, Math.floor((size.lines - 1) / LINES_A_ROLE)))
  const roles = shown.flatMap((role) => roleLines(role, status, size))
  const room = size.lines - 1 - roles.length
  const chart = room < FEWEST_CHART_LINES ? [] : chartLines(curves, { ...size, lines: room })
  const more = ranked.length - shown.length
  return [headLine(status, more, size), ...chart, ...roles].slice(0, size.lines)
}

function headLine(
  { startedMs, timeMs, tree, unit, roles }: LiveStatus,
  more: number,
  { columns, isPlain }: BlockSize,
): string {
  const rounds = Math.max(0, ...roles.map((role) => role.rounds))
  const words = [
    `tidemark ${formatDuration(Math.max(0, timeMs - startedMs))}`,
    count(rounds, unit),
    ...(tree.rssBytes === null
      ? []
      : [`${formatBytes(tree.rssBytes)} now, ${formatBytes(tree.highestBytes ?? 0)} at most`]),
    ...(more > 0 ? [`${more} more roles`] : []),
  ].join(', ')
  const rule = isPlain ? '-' : '─'
  return `${rule}${rule} ${words} ${rule.repeat(Math.max(0, columns - words.length - 5))}`
}

function chartLines(curves: readonly RoleCurve[], { columns, lines, isPlain = false }: BlockSize): string[] {
  const series = curves.map(({ role, points }) => ({ name: role, points }))
  if (!series.some(({ points }) => points.some(([, bytes]) => bytes !== null))) return []
  return terminalChart(series, { width: columns - 1, height: lines, isPlain })
    .trimEnd()
    .split('\n')
    .slice(0, lines)
}

function roleLines(role: LiveRole, { unit }: LiveStatus, { columns, isPlain = false }: BlockSize): string[] {
  const { rssBytes, verdict, rate, forecast, recentRounds } = role
  const last = recentRounds.at(-1)
  const peaks =
    last === undefined ? '' : `; ${bars(recentRounds, isPlain)} peak of ${unit} ${last.round}: ${peakText(last)}`
  const ahead = forecastText(forecast, unit)
  return [
    `${printableLine(role.role)}: ${rssBytes === null ? 'not running' : formatBytes(rssBytes)}${peaks}`,
    `  ${verdict.sentence}`,
    `  now ${rateText(rate, unit)}`,
    ...(ahead === null ? [] : [`  ${ahead}`]),
  ].map((line) => (line.length > columns ? `${line.slice(0, columns - 3)}...` : line))
}

function peakText({ peakBytes, peakKind }: LiveRound): string {
  return peakBytes === null ? 'not known' : `${formatBytes(peakBytes)} (${peakKind})`
}

/** Returns when the limit is reached, with its 90 % interval; null where that is not in sight. */
export function forecastText(forecast: LiveForecast | null, unit: 'round' | 'window'): string | null {
  if (forecast === null) return null
  const { limitBytes, rounds, ms } = forecast
  const high = rounds.high === null ? 'perhaps never' : String(Math.round(rounds.high))
  const time = ms === null ? '' : `, about ${formatDuration(ms.estimate)}`
  return `the limit of ${formatBytes(limitBytes)} in ${count(Math.round(rounds.estimate), unit)} (90 %: ${Math.round(rounds.low)} to ${high})${time}`
}

const BARS = '▁▂▃▄▅▆▇█'

/** Draws one character per round, scaled from the lowest to the highest peak shown. */
function bars(rounds: readonly LiveRound[], isPlain: boolean): string {
  if (isPlain) return ''
  const peaks = rounds.slice(-MOST_BARS).flatMap(({ peakBytes }) => (peakBytes === null ? [] : [peakBytes]))
  const low = Math.min(...peaks)
  const span = Math.max(...peaks) - low || 1
  return peaks
    .map((bytes) => BARS[Math.min(BARS.length - 1, Math.floor(((bytes - low) / span) * BARS.length))])
    .join('')
}
