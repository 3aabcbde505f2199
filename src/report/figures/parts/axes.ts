import { axisX, axisY, type Markish } from '@observablehq/plot'
import { MIB } from '../../../shared/units.js'
import type { Ink } from './figure.js'

const CENTRED = { labelAnchor: 'center', labelArrow: 'none' } as const

/** Draws the axis of rounds below each panel, up to the last round. */
export function roundAxis(last: number, ink: Ink): Markish {
  const ticks = roundTicks(last, 6)
  return axisX({ label: 'round', ...CENTRED, color: ink.text, tickSize: 4, ticks, tickFormat: String })
}

/** Draws the axis of time below each panel. */
export function timeAxis(label: string, ink: Ink): Markish {
  return axisX({ label, ...CENTRED, color: ink.text, tickSize: 4 })
}

/** Draws the axis of the measured value, left of the panels. */
export function valueAxis(label: string, ink: Ink, ticks?: number[]): Markish {
  return axisY({
    label,
    ...CENTRED,
    labelOffset: 48,
    color: ink.text,
    tickSize: 0,
    ...(ticks === undefined ? {} : { ticks }),
  })
}

/**
 * Returns ticks of an axis in MiB at whole steps of M: `[{ at: MiB, label }]`, at most about eight.
 */
export function modelTicks(maximumBytes: number, modelBytes: number): { at: number; label: string }[] {
  const count = maximumBytes / modelBytes
  const step = niceStep(count / 7)
  const ticks = []
  for (let i = 0; i * step <= count; i++) {
    const value = Number((i * step).toPrecision(12))
    ticks.push({ at: (value * modelBytes) / MIB, label: String(value) })
  }
  return ticks
}

/** Returns the smallest of 1, 2, 5 times a power of ten that is at least `raw`. */
function niceStep(raw: number): number {
  const power = 10 ** Math.floor(Math.log10(raw))
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= raw * (1 - 1e-9)) ?? 10 * power
}

/** Returns the rounds at which an axis has a tick; whole numbers only. */
export function roundTicks(maximum: number, wanted: number): number[] {
  const step = Math.max(1, Math.ceil(niceStep(Math.max(1, maximum) / wanted)))
  const ticks = [1]
  for (let round = step; round <= maximum; round += step) if (round > 1) ticks.push(round)
  return ticks
}
