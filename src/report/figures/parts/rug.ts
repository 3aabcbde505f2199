import { dot, type Markish, vector } from '@observablehq/plot'
import type { Ink } from './figure.js'

/** The end of one round of the judged role. */
export interface RugRow {
  setting: string
  trial: number
  endMs: number
  isCleaned: boolean
}

export interface RugPlace {
  fx(row: { setting: string }): number
  fy(row: { setting: string }): number
  x(row: RugRow): number
}

/** Height of one trial's row. */
export const RUG_ROW = 6
/** Most trials that get a row. */
export const MOST_RUG_ROWS = 6

/**
 * Draws round marks under the lines, a row per trial: a tick where a round ended, a triangle where
 * it ended with a cleanup.
 */
export function rug(rows: readonly RugRow[], place: RugPlace, ink: Ink): Markish[] {
  const trials = [...new Set(rows.map((row) => row.trial))].filter((trial) => trial <= MOST_RUG_ROWS)
  return trials.flatMap((trial) => {
    const own = rows.filter((row) => row.trial === trial)
    const at = { ...place, frameAnchor: 'bottom', dy: -((trial - 1) * RUG_ROW + 4) } as const
    return [
      vector(
        own.filter((row) => !row.isCleaned),
        { ...at, length: RUG_ROW - 2, shape: STROKE, stroke: ink.faint, strokeWidth: 0.9 },
      ),
      dot(
        own.filter((row) => row.isCleaned),
        { ...at, symbol: 'triangle', rotate: 180, r: 2.2, fill: ink.cleanup },
      ),
    ]
  })
}

const STROKE = {
  draw(context: { moveTo(x: number, y: number): void; lineTo(x: number, y: number): void }, length: number) {
    context.moveTo(0, -length / 2)
    context.lineTo(0, length / 2)
  },
}
