/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * The script of a page of recordings: draws the figure of the files, live. It is bundled with Plot
 * by the build and runs in a browser, from disk, without network.
 */
import { plot } from '@observablehq/plot'
import { recordingFigure } from '../figures/recording.js'
import type { RecordingPageData } from '../html/recording-html.js'

const page = JSON.parse(document.getElementById('data')?.textContent ?? 'null') as RecordingPageData
const place = document.getElementById('drawing')!
const hidden = new Set<number>()
const darkMode = matchMedia('(prefers-color-scheme: dark)')
/** Part of the time that is shown; undefined: all of it. */
let zoom = page.window

addSwitches()
draw()
darkMode.addEventListener('change', draw)
redrawWhenResized()

/** Adds one checkbox per line. They are native ones, so that the keyboard reaches them. */
function addSwitches(): void {
  for (const [index, { name }] of page.data.series.entries()) {
    const box = document.createElement('input')
    box.type = 'checkbox'
    box.checked = true
    box.addEventListener('change', () => {
      if (box.checked) hidden.delete(index)
      else hidden.add(index)
      draw()
    })
    const label = document.createElement('label')
    label.append(box, name)
    document.getElementById('series')?.append(label)
  }
}

function draw(): void {
  const data = { ...page.data, series: page.data.series.filter((_, index) => !hidden.has(index)) }
  const theme = darkMode.matches ? 'dark' : 'light'
  const options = { width: Math.floor(place.clientWidth), theme, tips: true, ...(zoom && { window: zoom }) } as const
  const drawn = plot(recordingFigure(data, options))
  place.replaceChildren(data.series.length > 0 ? drawn : 'Every line is switched off.')
  if (data.series.length > 0) zoomByDragging(drawn)
}

/** Shortest drag that zooms; a shorter one is a click that slipped. */
const SHORTEST_DRAG_PX = 8

function zoomByDragging(drawn: Element & { scale?(name: string): unknown }): void {
  const scale = drawn.scale?.('x') as { invert(px: number): number; domain: [number, number] } | undefined
  const svg = drawn.tagName.toLowerCase() === 'svg' ? drawn : drawn.querySelector('svg')
  if (scale === undefined || svg === null) return
  const xOf = (event: PointerEvent) => event.clientX - svg.getBoundingClientRect().left
  let fromX: number | undefined
  svg.addEventListener('pointerdown', (event) => {
    fromX = xOf(event as PointerEvent)
  })
  svg.addEventListener('pointerup', (event) => {
    const toX = xOf(event as PointerEvent)
    if (fromX === undefined || Math.abs(toX - fromX) < SHORTEST_DRAG_PX) return
    const [from, to] = [scale.invert(Math.min(fromX, toX)), scale.invert(Math.max(fromX, toX))]
    zoomTo(Math.max(from, scale.domain[0]), Math.min(to, scale.domain[1]), scale.domain)
  })
  svg.addEventListener('dblclick', () => {
    zoom = page.window
    draw()
  })
}

/**
 * Zooms to a part of the axis. The axis is in seconds, minutes or hours; the range it shows now
 * gives the ms per unit.
 */
function zoomTo(from: number, to: number, [first, last]: [number, number]): void {
  const shown = zoom ?? { fromMs: 0, toMs: lastMs() }
  const msPerUnit = (shown.toMs - shown.fromMs) / (last - first)
  zoom = {
    fromMs: shown.fromMs + (from - first) * msPerUnit,
    toMs: shown.fromMs + (to - first) * msPerUnit,
  }
  draw()
}

function lastMs(): number {
  return Math.max(1, ...page.data.series.map(({ points }) => points.at(-1)?.[0] ?? 0))
}

/**
 * Redraws when the width changes. A change of height is ignored, since drawing itself causes it.
 */
function redrawWhenResized(): void {
  let width = document.body.clientWidth
  new ResizeObserver(() => {
    if (document.body.clientWidth === width) return
    width = document.body.clientWidth
    requestAnimationFrame(draw)
  }).observe(document.body)
}
