import { type DotOptions, dot, type Markish, type RenderFunction } from '@observablehq/plot'
import { FONT_SIZE, type Ink } from './figure.js'

export interface LegendEntry {
  label: string
  color: string
  symbol: keyof typeof SYMBOLS
}

/**
 * Paths in a box 16 wide and centred on 0. Those with `stroke` are drawn as lines, the others are
 * filled.
 */
const SYMBOLS = {
  line: { path: 'M-8,0H8', stroke: 2.2 },
  thin: { path: 'M-8,0H8', stroke: 1 },
  dash: { path: 'M-8,0h4m2,0h4m2,0h4', stroke: 1.6 },
  tick: { path: 'M0,-6V6', stroke: 2.4 },
  rug: { path: 'M-4,-4V4M0,-4V4M4,-4V4', stroke: 1 },
  ring: { path: 'M-3.5,0a3.5,3.5 0 1,0 7,0a3.5,3.5 0 1,0 -7,0', stroke: 1.4 },
  dot: { path: 'M-3.5,0a3.5,3.5 0 1,0 7,0a3.5,3.5 0 1,0 -7,0', stroke: 0 },
  square: { path: 'M-5.5,-5.5h11v11h-11z', stroke: 0 },
  triangle: { path: 'M-4.5,-3.5H4.5L0,4.5z', stroke: 0 },
} as const

const ROW_HEIGHT = 19
const SWATCH = 16
/**
 * Mean width of a character of DejaVu Sans, as a share of the font size. Texts cannot be measured
 * without a browser.
 */
const CHARACTER = 0.57

/**
 * Draws entries in rows at the top left of the figure, wrapped at its width. It is drawn once, not
 * in each panel.
 */
export function legend(entries: readonly LegendEntry[], ink: Ink, top = 0): Markish {
  return dot([0], { facet: 'super', frameAnchor: 'top-left', render: draw(entries, ink, top) } as DotOptions)
}

export function legendHeight(entries: readonly LegendEntry[], width: number): number {
  return ((placed(entries, width).at(-1)?.row ?? -1) + 1) * ROW_HEIGHT + 2
}

function draw(entries: readonly LegendEntry[], ink: Ink, top: number): RenderFunction {
  return (_index, _scales, _values, { width }, { document }) => {
    const group = element(document, 'g', { 'aria-label': 'legend', 'text-anchor': 'start' })
    for (const { label, color, symbol, left, row } of placed(entries, width)) {
      const { path, stroke } = SYMBOLS[symbol]
      const y = top + 11 + row * ROW_HEIGHT
      const line = stroke > 0 ? { fill: 'none', stroke: color, 'stroke-width': stroke } : { fill: color }
      group.append(
        element(document, 'path', { d: path, transform: `translate(${left + SWATCH / 2},${y})`, ...line }),
        element(document, 'text', { x: left + SWATCH + 5, y, dy: '0.35em', fill: ink.text }, label),
      )
    }
    return group
  }
}

const SVG = 'http://www.w3.org/2000/svg'

function placed(entries: readonly LegendEntry[], width: number): (LegendEntry & { left: number; row: number })[] {
  let left = EDGE
  let row = 0
  return entries.map((entry) => {
    const wide = SWATCH + 5 + entry.label.length * FONT_SIZE * CHARACTER
    if (left > EDGE && left + wide > width - EDGE) {
      left = EDGE
      row++
    }
    const place = { ...entry, left, row }
    left += wide + 20
    return place
  })
}

const EDGE = 8

function element(
  document: Document,
  name: string,
  attributes: Record<string, string | number>,
  content = '',
): SVGElement {
  const made = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value))
  made.textContent = content
  return made as SVGElement
}
