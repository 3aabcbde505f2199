/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * The script of the page that `--listen` serves: reads the stream of events and draws the same
 * figure as the files. It keeps only what it draws, however long it runs, and writes everything
 * from the program as text.
 */

import { plot } from '@observablehq/plot'
import { count } from '../../shared/text.js'
import { formatBytes, formatDuration } from '../../shared/units.js'
import type { LiveAlert } from '../../verdict/live/live-status.js'
import { type RecordingFigureData, recordingFigure } from '../figures/recording.js'
import { Curves } from '../live/curves.js'
import { RoundHistory } from '../live/round-history.js'
import type { LiveUpdates } from '../live/updates.js'

const MOST_ALERTS = 200
const RETRY_MS = 2000
/**
 * Silence after which the connection counts as lost: updates come once a second, and a network that
 * fails, or a machine that slept, does not close connections.
 */
const SILENCE_MS = 10_000

const element = (id: string) => document.getElementById(id)!
const darkMode = matchMedia('(prefers-color-scheme: dark)')
const hidden = new Set<string>()
const curves = new Curves()
const rounds = new Map<string, RoundHistory>()
let alerts: LiveAlert[] = []
let status: LiveUpdates['update']['status'] | undefined
let isFrameAsked = false

connect()
darkMode.addEventListener('change', draw)
addEventListener('resize', draw)
document.addEventListener('visibilitychange', draw)

function connect(): void {
  const events = new EventSource('/events')
  let hasEnded = false
  const say = (text: string) => {
    if (element('connection').textContent !== text) element('connection').textContent = text
  }
  const lost = () => {
    clearTimeout(silence)
    events.close()
    say(
      hasEnded
        ? 'The program has ended; this is how it stood at the end.'
        : 'The connection was lost. Trying again; what is below is the last state.',
    )
    setTimeout(connect, RETRY_MS)
  }
  let silence = setTimeout(lost, SILENCE_MS)
  const took = () => {
    clearTimeout(silence)
    silence = setTimeout(lost, SILENCE_MS)
    hasEnded = status?.state === 'ended'
    say(hasEnded ? 'The program has ended.' : 'live')
    draw()
  }
  events.addEventListener('state', ({ data }) => {
    takeState(JSON.parse(data))
    took()
  })
  events.addEventListener('update', ({ data }) => {
    takeUpdate(JSON.parse(data))
    took()
  })
  events.addEventListener('error', lost)
}

function takeState({ title, status: all, curves: drawn }: LiveUpdates['state']): void {
  document.title = `${title}: live`
  element('title').textContent = title
  status = all
  curves.load(drawn)
  rounds.clear()
  for (const { role, recentRounds } of all.roles) for (const round of recentRounds) historyOf(role).add(round)
  alerts = [...all.alerts]
  drawAlerts()
}

function takeUpdate(update: LiveUpdates['update']): void {
  status = update.status
  for (const [role, timeMs, rssBytes] of update.samples) curves.add(role, timeMs, rssBytes)
  for (const { role, round } of update.rounds) historyOf(role).add(round)
  if (update.alerts.length === 0) return
  alerts = [...alerts, ...update.alerts].slice(-MOST_ALERTS)
  drawAlerts()
}

function historyOf(role: string): RoundHistory {
  const known = rounds.get(role)
  if (known !== undefined) return known
  const history = new RoundHistory()
  rounds.set(role, history)
  return history
}

/** Draws at most once a frame, and never while the page is hidden. */
function draw(): void {
  if (isFrameAsked || document.hidden || status === undefined) return
  isFrameAsked = true
  requestAnimationFrame(() => {
    isFrameAsked = false
    drawSwitches()
    drawVerdicts()
    drawFigure()
    drawProcesses()
    drawRounds()
  })
}

/**
 * Adds one checkbox per role. They are native ones, which keep their state while the page updates.
 */
function drawSwitches(): void {
  const known = new Set([...document.querySelectorAll<HTMLInputElement>('#series input')].map(({ value }) => value))
  for (const { name } of curves.all()) {
    if (known.has(name)) continue
    const box = document.createElement('input')
    box.type = 'checkbox'
    box.value = name
    box.checked = true
    box.addEventListener('change', () => {
      if (box.checked) hidden.delete(name)
      else hidden.add(name)
      draw()
    })
    const label = document.createElement('label')
    label.append(box, name)
    element('series').append(label)
  }
}

function drawVerdicts(): void {
  const { roles, limit } = status!
  const items = roles.map(({ role, verdict, rate, forecast, rounds: count, peakBytes }) => {
    const sentences = [
      `${verdict.sentence}.`,
      peakBytes === null ? null : `Highest peak: ${formatBytes(peakBytes)}.`,
      `${status!.unit === 'round' ? 'Rounds' : 'Windows'} so far: ${count}.`,
      rate === null
        ? null
        : `${formatBytes(rate.bytesPerRound)} a ${status!.unit}, between ${formatBytes(rate.low)} and ${formatBytes(rate.high)} (95 %).`,
      forecast === null || limit === null ? null : forecastText(forecast, limit),
    ]
    const item = document.createElement('li')
    const name = document.createElement('strong')
    name.textContent = role
    item.append(name, ` ${sentences.filter((sentence) => sentence !== null).join(' ')}`)
    return item
  })
  replaceIfOther(element('verdicts'), items)
}

type Role = LiveUpdates['update']['status']['roles'][number]

function forecastText(
  { rounds: left, ms }: NonNullable<Role['forecast']>,
  { bytes, name }: NonNullable<LiveUpdates['update']['status']['limit']>,
): string {
  const [from, to] = [left.low, left.high].map((count) => (count === null ? null : Math.round(count)))
  const latest = to === null ? 'may never come' : `at the latest in ${to}`
  const when = ms === null ? '' : `, in about ${formatDuration(ms.estimate)}`
  return `Meets ${name} (${formatBytes(bytes)}) in about ${count(Math.round(left.estimate), status!.unit)}${when}; at the earliest in ${from}, ${latest} (90 %).`
}

function drawFigure(): void {
  const place = element('drawing')
  const data = figureData()
  const width = Math.floor(place.clientWidth)
  if (width === 0) return
  const theme = darkMode.matches ? 'dark' : 'light'
  if (data.series.length === 0) place.textContent = 'Nothing was sampled yet, or every line is switched off.'
  else place.replaceChildren(asImage(plot(recordingFigure(data, { width, theme, tips: true }))))
}

/**
 * Presents a figure to screen readers as one image, since its parts have no names of their own. The
 * tables give the values.
 */
function asImage<T extends Element>(drawn: T): T {
  drawn.setAttribute('role', 'img')
  for (const part of drawn.querySelectorAll('g[aria-label]')) {
    part.setAttribute('data-mark', part.getAttribute('aria-label')!)
    part.removeAttribute('aria-label')
  }
  return drawn
}

/** Returns the figure's data; times count from the start. */
function figureData(): RecordingFigureData {
  const { startedMs, unit } = status!
  const since = (timeMs: number) => Math.max(0, timeMs - startedMs)
  const shown = [...rounds].filter(([role]) => !hidden.has(role))
  const [, leading] = shown.find(([, own]) => own.drawn.length > 0) ?? []
  return {
    series: curves
      .all()
      .filter(({ name }) => !hidden.has(name))
      .map(({ name, points }) => ({
        name,
        points: points.map(([timeMs, bytes]): [number, number] => [since(timeMs), bytes]),
      })),
    rounds:
      unit === 'window' || leading?.isWhole !== true
        ? []
        : leading.drawn.map(({ round, endedMs }, i) => ({
            round,
            startMs: since(leading.drawn[i - 1]?.endedMs ?? startedMs),
            endMs: since(endedMs),
          })),
    brackets: [],
    peaks: shown.flatMap(([, own]) =>
      own.drawn.flatMap(({ endedMs, peakBytes, peakKind }) =>
        peakBytes === null ? [] : [{ timeMs: since(endedMs), bytes: peakBytes, kind: peakKind }],
      ),
    ),
  }
}

function drawProcesses(): void {
  const rows = status!.roles.flatMap(({ role, processes }) =>
    processes.map(({ pid, name, rssBytes, peakBytes, peakKind }) => [
      role,
      name,
      String(pid),
      bytesText(rssBytes),
      bytesText(peakBytes),
      peakKind,
    ]),
  )
  drawTable(element('processes'), ['role', 'process', 'pid', 'RSS', 'peak', 'kind'], rows)
}

function drawRounds(): void {
  const rows = [...rounds].flatMap(([role, own]) =>
    [...own.newest]
      .reverse()
      .map(({ round, peakBytes, peakKind, endBytes }) => [
        role,
        String(round),
        bytesText(peakBytes),
        peakKind,
        bytesText(endBytes),
      ]),
  )
  drawTable(element('rounds'), ['role', status!.unit, 'peak', 'kind', 'end RSS'], rows)
}

function drawAlerts(): void {
  const items = alerts.map(({ timeMs, sentence, kind }) => {
    const item = document.createElement('p')
    item.textContent = `${new Date(timeMs).toLocaleTimeString()} ${kind}: ${sentence}`
    return item
  })
  if (items.length > 0) element('alerts').replaceChildren(...items.reverse())
  else element('alerts').textContent = 'None so far.'
}

function bytesText(bytes: number | null): string {
  return bytes === null ? 'not read' : formatBytes(bytes)
}

function drawTable(table: HTMLElement, columns: readonly string[], rows: readonly (readonly string[])[]): void {
  const cell = (kind: 'th' | 'td', text: string) => {
    const one = document.createElement(kind)
    if (kind === 'th') one.setAttribute('scope', 'col')
    one.textContent = text
    return one
  }
  const row = (kind: 'th' | 'td', cells: readonly string[]) => {
    const one = document.createElement('tr')
    one.append(...cells.map((text) => cell(kind, text)))
    return one
  }
  const head = document.createElement('thead')
  head.append(row('th', columns))
  const body = document.createElement('tbody')
  body.append(...rows.slice(0, 200).map((cells) => row('td', cells)))
  replaceIfOther(table, [head, body])
}

/**
 * Replaces children only where they differ, so that a screen reader's position or a selection
 * survives.
 */
function replaceIfOther(place: HTMLElement, children: readonly HTMLElement[]): void {
  const text = (nodes: Iterable<Node>) => [...nodes].map(({ textContent }) => textContent).join('\n')
  if (text(place.childNodes) !== text(children)) place.replaceChildren(...children)
}
