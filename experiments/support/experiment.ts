/** An experiment: what it shows, and rows of what was expected and what was measured. */
export interface Experiment {
  letter: string
  /** A sentence. */
  shows: string
  /** `progress` receives what is under way. */
  run(progress: (what: string) => void): Promise<Row[]>
}

export interface Row {
  what: string
  expected: string
  measured: string
  passed: boolean
}

/** A row whose measured value must be at most, or at least, a limit. */
export function limitRow(what: string, measured: number, limit: { atMost: number } | { atLeast: number }): Row {
  const isMost = 'atMost' in limit
  const bound = isMost ? limit.atMost : limit.atLeast
  return {
    what,
    expected: `${isMost ? 'at most' : 'at least'} ${figure(bound)}`,
    measured: figure(measured),
    // A value that is no number, for want of a measurement, passes neither way.
    passed: isMost ? measured <= bound : measured >= bound,
  }
}

/** Four significant digits; whole numbers as they are. */
export function figure(value: number): string {
  if (Number.isInteger(value)) return String(value)
  return Math.abs(value) >= 1e-3 && Math.abs(value) < 1e5
    ? String(Number(value.toPrecision(4)))
    : value.toExponential(2)
}
