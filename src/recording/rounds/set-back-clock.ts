import type { Mark } from '../../shared/marks.js'
import { formatDuration } from '../../shared/units.js'
import type { ObservedMark } from '../marks/observed-mark.js'

/**
 * Step beyond which an earlier end is no matter of threads that append their marks in another
 * order.
 */
const SET_BACK_MS = 1000
/** Most sentences: any program may write any number of marks. */
const MOST_WARNINGS = 5

/**
 * Shifts the times of rounds that a process marked itself after its clock was set back, so that
 * they follow its earlier rounds and last as long as it says. A round during which the clock was
 * set back ends where it started, at the earliest: how long it lasted is not known.
 *
 * @param marks in the order in which they were written
 * @param warn receives a sentence for each of the first steps back
 */
export function withoutSetBacks<Line extends Mark | ObservedMark>(
  marks: readonly Line[],
  warn: (sentence: string) => void,
): Line[] {
  const clocks = new Map<number, { shiftMs: number; lastMs: number }>()
  let steps = 0
  return marks.map((mark) => {
    if (mark.mark !== 'round') return mark
    const clock = clocks.get(mark.pid) ?? { shiftMs: 0, lastMs: Number.NEGATIVE_INFINITY }
    clocks.set(mark.pid, clock)
    const isWithin = mark.startedMs > mark.timeMs
    const startedMs = mark.startedMs + clock.shiftMs
    const backMs = Math.max(clock.lastMs, isWithin ? startedMs : clock.lastMs) - (mark.timeMs + clock.shiftMs)
    if (backMs > SET_BACK_MS) {
      clock.shiftMs += backMs + (isWithin ? 0 : mark.timeMs - mark.startedMs)
      if (steps++ < MOST_WARNINGS)
        warn(
          `The clock of ${mark.name ?? mark.role} (pid ${mark.pid}) was set back by about ${formatDuration(backMs)} in or before round ${mark.round}: later times are shifted${isWithin ? ', and how long this round took is not known' : ''}.`,
        )
    }
    const timeMs = mark.timeMs + clock.shiftMs
    clock.lastMs = Math.max(clock.lastMs, timeMs)
    if (clock.shiftMs === 0 && !isWithin) return mark
    return { ...mark, timeMs, startedMs: Math.min(timeMs, isWithin ? startedMs : mark.startedMs + clock.shiftMs) }
  })
}
