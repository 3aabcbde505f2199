/** RSS of one process at one moment. */
export interface RssAt {
  timeMs: number
  rssBytes: number
}

/** Maximum time in which a program frees its memory at its end, when that end is reported late. */
const LONGEST_FALL_MS = 1000

/**
 * Returns what a process held before its teardown. An interpreter that ends frees its objects one
 * by one, so its RSS falls from sample to sample until it is gone: such a fall at the end is left
 * out.
 *
 * @param samples in order of time, up to the end
 */
export function lastLivingRss(samples: readonly RssAt[]): number | null {
  let last = samples.length - 1
  if (last < 0) return null
  const earliestMs = samples[last]!.timeMs - LONGEST_FALL_MS
  while (last > 0 && samples[last]!.rssBytes < samples[last - 1]!.rssBytes && samples[last - 1]!.timeMs >= earliestMs)
    last--
  return samples[last]!.rssBytes
}
