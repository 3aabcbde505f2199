/// <reference lib="dom" />

/** Shortest drag that zooms; a shorter one is a click that slipped. */
const SHORTEST_DRAG_PX = 8

interface XScale {
  invert(px: number): number
  domain: [number, number]
}

/**
 * Calls back with the part of the x axis that the pointer was dragged across, or with undefined
 * (all of it) on a double click.
 *
 * @param drawn the element that Plot drew, without panels
 */
export function zoomByDragging(
  drawn: Element & { scale?(name: string): unknown },
  onZoom: (part: { from: number; to: number } | undefined) => void,
): void {
  const scale = drawn.scale?.('x') as XScale | undefined
  const svg = drawn.tagName.toLowerCase() === 'svg' ? (drawn as SVGElement) : drawn.querySelector('svg')
  if (scale === undefined || svg === null) return
  const xOf = (event: PointerEvent) => event.clientX - svg.getBoundingClientRect().left
  let fromX: number | undefined
  svg.addEventListener('pointerdown', (event) => {
    fromX = xOf(event)
  })
  svg.addEventListener('pointerup', (event) => {
    const toX = xOf(event)
    if (fromX === undefined || Math.abs(toX - fromX) < SHORTEST_DRAG_PX) return
    const [from, to] = [scale.invert(Math.min(fromX, toX)), scale.invert(Math.max(fromX, toX))]
    onZoom({ from: Math.max(from, scale.domain[0]), to: Math.min(to, scale.domain[1]) })
  })
  svg.addEventListener('dblclick', () => onZoom(undefined))
}
