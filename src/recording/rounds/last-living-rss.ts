/** RSS of one process at one moment. */
export interface RssAt {
  timeMs: number
  rssBytes: number
}

/** Freeing what a program held is its end, and takes it no longer than this where its end is told late. */
const LONGEST_FALL_MS = 1000

/**
 * What a process held before it was torn down. An interpreter that ends gives its objects back one by one, so that its RSS
 * falls from sample to sample until it is gone: such a fall at the end is left out.
 *
 * @param samples in the order of time, up to the end
 */
export function lastLivingRss(samples: readonly RssAt[]): number | null {
  let last = samples.length - 1
  if (last < 0) return null
  const earliestMs = samples[last]!.timeMs - LONGEST_FALL_MS
  while (last > 0 && samples[last]!.rssBytes < samples[last - 1]!.rssBytes && samples[last - 1]!.timeMs >= earliestMs)
    last--
  return samples[last]!.rssBytes
}
