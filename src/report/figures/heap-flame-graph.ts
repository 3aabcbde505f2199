import { hierarchy, partition } from 'd3'
import type { GrownLine, HeapGrowth, StackFrame } from '../../recording/heap/heap-growth.js'
import { printableLine } from '../../shared/printable.js'
import { formatBytes } from '../../shared/units.js'
import { escapeHtml } from '../html/page-parts.js'
import { FONT, FONT_SIZE, INKS, type Ink, type Theme, WIDTH } from './parts/figure.js'

const ROW_HEIGHT = 20
const TITLE_HEIGHT = 26
const MARGIN = 12
/** Width of a character of the font; wide enough for any in a box. */
const CHARACTER_WIDTH = 7.2
/** Least width of a box; narrower ones are invisible. */
const LEAST_WIDTH = 0.6

interface Box {
  name: string
  bytes: number
  isLine: boolean
  children: Map<string, Box>
}

/**
 * Draws a flame graph of what grew: callers on top, the line that holds the memory at the bottom of
 * each stack, and widths proportional to growth. There is one panel for each process in which a
 * line grew. The same input gives the same bytes.
 *
 * @returns an SVG document
 */
export function heapFlameGraph(
  growths: readonly HeapGrowth[],
  { width = WIDTH, theme = 'light' }: { width?: number; theme?: Theme } = {},
): string {
  const ink = INKS[theme]
  const panels: string[] = []
  let y = MARGIN
  for (const growth of growths) {
    if (growth.lines.length === 0) continue
    const panel = drawPanel(growth, { y, width: width - 2 * MARGIN, ink })
    panels.push(panel.svg)
    y += panel.height + MARGIN
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y}" viewBox="0 0 ${width} ${y}" font-family="${FONT}" font-size="${FONT_SIZE}">`,
    `<rect width="${width}" height="${y}" fill="${ink.background}"/>`,
    ...panels,
    '</svg>\n',
  ].join('\n')
}

interface Place {
  y: number
  width: number
  ink: Ink
}

function drawPanel(growth: HeapGrowth, { y, width, ink }: Place): { svg: string; height: number } {
  const { process, fromRound, toRound, lineBytes } = growth
  const root = treeOf(growth.lines)
  const layout = partition<Box>().size([width, 1])(
    hierarchy(root, ({ children }) => [...children.values()]).sum((box) => (box.children.size === 0 ? box.bytes : 0)),
  )
  const boxes = layout.descendants().filter((node) => node.depth > 0 && node.x1 - node.x0 >= LEAST_WIDTH)
  const title = `${process.name} (pid ${process.pid}), rounds ${fromRound} to ${toRound}: +${formatBytes(lineBytes)} at lines`
  const drawn = boxes.map((node) => {
    const [x, boxWidth] = [MARGIN + node.x0, node.x1 - node.x0]
    const top = y + TITLE_HEIGHT + (node.depth - 1) * ROW_HEIGHT
    const { name, isLine } = node.data
    const fill = isLine ? ink.parts.live : ink.parts.retained
    const color = isLine ? ink.background : ink.text
    const fits = Math.floor((boxWidth - 6) / CHARACTER_WIDTH)
    const label = name.length <= fits ? name : fits > 3 ? `${name.slice(0, fits - 1)}…` : ''
    return [
      `<g><title>${text(`${name}: +${formatBytes(node.value ?? 0)}`)}</title>`,
      `<rect x="${round(x)}" y="${top}" width="${round(Math.max(0, boxWidth - 0.5))}" height="${ROW_HEIGHT - 1}" fill="${fill}"/>`,
      label === '' ? '' : `<text x="${round(x + 3)}" y="${top + 14}" fill="${color}">${text(label)}</text>`,
      '</g>',
    ].join('')
  })
  const heading = `<text x="${MARGIN}" y="${y + 15}" fill="${ink.text}" font-weight="bold">${text(title)}</text>`
  return { svg: [heading, ...drawn].join('\n'), height: TITLE_HEIGHT + layout.height * ROW_HEIGHT }
}

/** Builds a tree of stacks from the outermost caller inward. */
function treeOf(lines: readonly GrownLine[]): Box {
  const root: Box = { name: '', bytes: 0, isLine: false, children: new Map() }
  for (const line of lines) {
    if (line.file === null) add(root, [{ name: `held by ${line.function}`, isLine: true }], line.bytes)
    for (const { bytes, stack } of line.stacks) {
      const path = stack
        .toReversed()
        .map((frame, index) => ({ name: nameOf(frame), isLine: index === stack.length - 1 }))
      add(root, path, bytes)
    }
  }
  return root
}

function add(root: Box, path: readonly { name: string; isLine: boolean }[], bytes: number): void {
  let box = root
  for (const { name, isLine } of path) {
    const key = `${name} ${isLine}`
    const next = box.children.get(key) ?? { name, bytes: 0, isLine, children: new Map() }
    box.children.set(key, next)
    box = next
  }
  box.bytes += bytes
}

function nameOf({ file, line, function: name }: StackFrame): string {
  return `${name} ${file.slice(file.lastIndexOf('/') + 1)}:${line}`
}

function text(given: string): string {
  return escapeHtml(printableLine(given))
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
