import { type Markish, text } from '@observablehq/plot'
import { FONT_SIZE } from './figure.js'

/** One panel per setting, left to right and top to bottom, with common axes. */
export interface Panels {
  /** Height of all panels together, without margins. */
  height: number
  fx(setting: string): number
  fy(setting: string): number
  /** Facet scales for the figure's options. */
  scales: { fx: object; fy: object }
  /** Name of each setting above its panel. */
  titles: Markish
}

/** Least width of a panel; panels wrap rather than become narrower. */
const LEAST_WIDTH = 290
/** Gap between two rows, with room for the titles of the lower one. */
const ROW_GAP = 42

/** Most that the height of wide panels grows, as a factor, so that slopes do not look flat. */
const MOST_GROWTH = 1.6

/**
 * Returns the panels of a figure.
 *
 * @param leastHeight least height of a panel
 */
export function panelsOf(settings: readonly string[], width: number, leastHeight: number): Panels {
  const fitting = Math.max(1, Math.floor(width / LEAST_WIDTH))
  const rows = Math.max(1, Math.ceil(settings.length / fitting))
  const columns = Math.max(1, Math.ceil(settings.length / rows))
  const growth = (0.8 * width) / columns / LEAST_WIDTH
  const panelHeight = Math.round(leastHeight * Math.max(1, Math.min(MOST_GROWTH, growth)))
  const places = new Map(settings.map((setting, i) => [setting, i]))
  const placeOf = (setting: string) => places.get(setting) ?? 0
  const fx = (setting: string) => placeOf(setting) % columns
  const fy = (setting: string) => Math.floor(placeOf(setting) / columns)
  return {
    height: rows * panelHeight + (rows - 1) * ROW_GAP,
    fx,
    fy,
    scales: {
      fx: { domain: range(columns), axis: null, paddingInner: 0.08, paddingOuter: 0 },
      fy: { domain: range(rows), axis: null, paddingInner: ROW_GAP / (panelHeight + ROW_GAP), paddingOuter: 0 },
    },
    titles: text(settings, {
      fx,
      fy,
      frameAnchor: 'top-left',
      text: String,
      dy: -FONT_SIZE - 6,
      fontWeight: 'bold',
      fontSize: FONT_SIZE + 1,
    }),
  }
}

function range(length: number): number[] {
  return Array.from({ length }, (_, i) => i)
}

/** Returns the size and margins of a figure of panels, for its options. */
export function panelLayout(
  { height, scales }: Panels,
  { width, margins, style }: { width: number; margins: { top: number; bottom: number }; style: object },
): object {
  return {
    width,
    height: height + margins.top + margins.bottom,
    marginTop: margins.top,
    marginBottom: margins.bottom,
    marginLeft: 54,
    marginRight: 10,
    style,
    ...scales,
  }
}
