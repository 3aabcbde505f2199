/** One number over several trials. `low` and `high` are the smallest and largest trial; all values are kept. */
export interface Spread {
  median: number
  low: number
  high: number
  values: number[]
}

/** What one setting did to the judged role's memory, over its completed trials. Null: nothing of the kind was measured. */
export interface SettingSummary {
  label: string
  trials: number
  failedTrials: number
  /** RSS before the model was loaded. */
  initialRssBytes: Spread | null
  /** Highest exact peak of any round. */
  peakBytes: Spread | null
  /** True when any of the peaks was sampled, and so a lower bound. */
  hasSampledPeaks: boolean
  /** End RSS of the last round. */
  endRssBytes: Spread | null
  /** End RSS of the last round minus initial RSS. */
  increaseBytes: Spread | null
  /** Lowest end RSS in the second half of the rounds: what cleanup, or the allocator by itself, comes down to. */
  floorBytes: Spread | null
  /** Cleanup time divided by all rounds of the trial; zero when cleanup is off. */
  cleanupMsPerRound: Spread | null
  roundMs: Spread | null
  /** Accuracy of the last round. */
  accuracy: Spread | null
}
