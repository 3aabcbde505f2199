import type { PlotOptions } from '@observablehq/plot'

/**
 * A figure is a function of data and these options alone: it reads no clock, file, locale or random
 * number, so the same input gives the same bytes. `svg.ts` turns its result into a file, the report
 * page into a live drawing.
 */
export interface FigureOptions {
  /** Width in CSS pixels. Panels wrap to fit. */
  width?: number
  theme?: Theme
  /**
   * Whether pointing at the figure shows the value nearest to the pointer; useful only in a page.
   */
  tips?: boolean
}

export type Figure = PlotOptions
export type Theme = 'light' | 'dark'

/**
 * Font of all figures. Verdana, a close relative by design, has the widths of DejaVu Sans where
 * that is not installed.
 */
export const FONT = 'DejaVu Sans, Verdana, sans-serif'
export const FONT_SIZE = 12
export const WIDTH = 960

export interface Ink {
  background: string
  text: string
  /** Secondary text: notes and units. */
  faint: string
  grid: string
  /** Reference lines: M, base. */
  reference: string
  cleanup: string
  /**
   * Colours of roles, the judged role first. They differ in lightness too, so that they stay
   * distinct in grey.
   */
  roles: readonly string[]
  /**
   * Colours of settings laid over one another, in their order. Each is used for text too, so each
   * has a contrast of 4.5.
   */
  settings: readonly string[]
  limit: string
  /** Colours of live, garbage and retained memory: dark to light. */
  parts: { live: string; garbage: string; retained: string }
}

/**
 * Okabe and Ito's colours (jfly.uni-koeln.de/color), darkened or lightened for contrast with the
 * background.
 */
export const INKS: Record<Theme, Ink> = {
  light: {
    background: '#ffffff',
    text: '#1b1f24',
    faint: '#57606a',
    grid: '#d0d7de',
    reference: '#8250a0',
    cleanup: '#007a5a',
    roles: ['#0b4f8a', '#c27400', '#878c94', '#b0548a', '#2f8f82', '#7a6a3a'],
    settings: ['#57606a', '#b35900', '#0b4f8a', '#8250a0', '#007a5a', '#a3195b', '#7a5c00', '#00708a'],
    limit: '#b42318',
    parts: { live: '#0b4f8a', garbage: '#c27400', retained: '#5f8db8' },
  },
  dark: {
    background: '#14181d',
    text: '#e6edf3',
    faint: '#9aa6b2',
    grid: '#30363d',
    reference: '#c9a3e0',
    cleanup: '#3fc79a',
    roles: ['#6cb6ff', '#f0a030', '#8b949e', '#e08fbf', '#6fd0c2', '#c7b67a'],
    settings: ['#9aa6b2', '#f0a030', '#6cb6ff', '#c9a3e0', '#3fc79a', '#ff8fb8', '#d9c36a', '#5fd0e6'],
    limit: '#ff8a7a',
    parts: { live: '#6cb6ff', garbage: '#f0a030', retained: '#4d7699' },
  },
}

/** Returns what all figures share: size, type, ink. */
export function frame(options: FigureOptions): {
  width: number
  ink: Ink
  style: Record<string, string>
  isNarrow: boolean
} {
  const { width = WIDTH, theme = 'light' } = options
  const ink = INKS[theme]
  return {
    width,
    ink,
    style: { fontFamily: FONT, fontSize: `${FONT_SIZE}px`, color: ink.text, background: ink.background },
    isNarrow: width < 560,
  }
}
