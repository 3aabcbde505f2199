import { plot } from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import { printable } from '../../../shared/printable.js'
import { type Figure, INKS } from './figure.js'

/** Returns a figure as the text of a standalone SVG file. */
export function svgOf(figure: Figure): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>')
  const drawn = plot({ ...figure, document } as Figure)
  const svg = drawn.tagName.toLowerCase() === 'svg' ? drawn : drawn.querySelector('svg')!
  svg.setAttribute('xmlns', SVG)
  svg.querySelector('style')?.after(background(document))
  // XML cannot express a control character; one in a setting's name would make the PNG fail.
  return `${printable(withOwnIds(svg.outerHTML))}\n`
}

const SVG = 'http://www.w3.org/2000/svg'

/**
 * Draws a background. Outside a page a figure is transparent, and dark type is unreadable in a dark
 * viewer.
 */
function background(document: Document): Element {
  const rect = document.createElementNS(SVG, 'rect')
  for (const [key, value] of [
    ['width', '100%'],
    ['height', '100%'],
    ['fill', INKS.light.background],
  ] as const) {
    rect.setAttribute(key, value)
  }
  return rect
}

/** Numbers clip paths from 1 in each file. Plot numbers them over the life of the process. */
function withOwnIds(svg: string): string {
  const ids = new Map<string, string>()
  return svg.replaceAll(/plot-clip-\d+/g, (id) => {
    if (!ids.has(id)) ids.set(id, `clip-${ids.size + 1}`)
    return ids.get(id)!
  })
}
