/**
 * Returns the unit in which a length of time reads best on an axis. On an axis of rounds a second
 * stands for a round.
 */
export function timeUnit(
  maximumMs: number,
  axis: 'time' | 'rounds' = 'time',
): { label: string; of(ms: number): number } {
  if (axis === 'rounds') return { label: 'round', of: (ms) => ms / 1000 }
  if (maximumMs < 600_000) return { label: 's', of: (ms) => ms / 1000 }
  if (maximumMs < 4 * 3_600_000) return { label: 'min', of: (ms) => ms / 60_000 }
  return { label: 'h', of: (ms) => ms / 3_600_000 }
}
