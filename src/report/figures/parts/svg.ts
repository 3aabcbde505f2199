import { plot } from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import { printable } from '../../../shared/printable.js'
import { type Figure, INKS } from './figure.js'

/** A figure as the text of an SVG file that stands alone. */
export function svgOf(figure: Figure): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>')
  const drawn = plot({ ...figure, document } as Figure)
  const svg = drawn.tagName.toLowerCase() === 'svg' ? drawn : drawn.querySelector('svg')!
  svg.setAttribute('xmlns', SVG)
  svg.querySelector('style')?.after(background(document))
  // XML has no way to write a control character, and one of a setting's name would make the PNG fail.
  return `${printable(withOwnIds(svg.outerHTML))}\n`
}

const SVG = 'http://www.w3.org/2000/svg'

/** Outside a page nothing is behind a figure, and dark type on nothing cannot be read in a dark viewer. */
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

/** Plot numbers its clip paths over the life of the process; a file counts from 1. */
function withOwnIds(svg: string): string {
  const ids = new Map<string, string>()
  return svg.replaceAll(/plot-clip-\d+/g, (id) => {
    if (!ids.has(id)) ids.set(id, `clip-${ids.size + 1}`)
    return ids.get(id)!
  })
}
