import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

/** One trial that is to run: which setting, and where it stands. Both numbers count from 1. */
export interface ScheduledTrial {
  /** Place in the schedule; also the number of the trial's folder. */
  index: number
  /** The label of the setting. */
  setting: string
  /** Trial of that setting. */
  trial: number
}

/**
 * The order of all trials: block after block, each holding every setting once, in an order drawn anew (a randomised
 * complete block design, Fisher 1935). Slow drift of the machine then touches all settings alike instead of the ones that
 * happen to run last. The same seed gives the same order, which is how a stopped comparison goes on.
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

/** Fisher-Yates: every order is equally likely. */
function shuffle<T>(items: readonly T[], upTo: (max: number) => number): T[] {
  const order = [...items]
  for (let last = order.length - 1; last > 0; last--) {
    const other = upTo(last)
    ;[order[last], order[other]] = [order[other]!, order[last]!]
  }
  return order
}
