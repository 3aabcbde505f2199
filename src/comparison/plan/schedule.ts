import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

/** A planned trial: its setting and its place. Both numbers count from 1. */
export interface ScheduledTrial {
  /** Place in the schedule, and number of the trial's folder. */
  index: number
  /** Label of the setting. */
  setting: string
  /** Number of the trial within its setting. */
  trial: number
}

/**
 * Orders all trials in blocks. Each block holds every setting once, in a newly drawn order (a
 * randomised complete block design, Fisher 1935). Slow drift of the machine then affects all
 * settings alike instead of those that run last. The same seed gives the same order, so a stopped
 * comparison can be resumed.
 */
export function scheduleTrials(settings: readonly string[], trialsPerSetting: number, seed: number): ScheduledTrial[] {
  const random = xoroshiro128plus(seed)
  const upTo = (max: number) => uniformInt(random, 0, max)
  return Array.from({ length: trialsPerSetting }, (_, block) =>
    shuffle(settings, upTo).map((setting, place) => ({
      index: block * settings.length + place + 1,
      setting,
      trial: block + 1,
    })),
  ).flat()
}

/** Shuffles by Fisher-Yates: every order is equally likely. */
function shuffle<T>(items: readonly T[], upTo: (max: number) => number): T[] {
  const order = [...items]
  for (let last = order.length - 1; last > 0; last--) {
    const other = upTo(last)
    ;[order[last], order[other]] = [order[other]!, order[last]!]
  }
  return order
}
