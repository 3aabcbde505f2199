export interface Moment {
  /** Unix ms: the log's own time stamp if it is credible, else the time of arrival. */
  timeMs: number
  /** Unix ms at which the bytes came. A memory reading for this event is of this moment. */
  arrivedMs: number
}

/** Computes the time only for events, since most lines of a progress bar are none. */
export type ReadMoment = () => Moment

/** What a log line says about rounds. Rounds count from 1, whatever the program counts from. */
export type RoundLogEvent =
  | (Moment & { kind: 'round-start'; round: number })
  /** `isLast`: no other round follows; the job, or the program, has ended. */
  | (Moment & { kind: 'round-end'; round: number; isLast: boolean })
  /**
   * First report of a cleanup in this round. The memory is not free yet; that takes some
   * milliseconds more.
   */
  | (Moment & { kind: 'cleanup'; round: number })
  /** Results have arrived and are about to be aggregated. */
  | (Moment & { kind: 'results'; round: number; received: number; failed: number })
  | (Moment & { kind: 'finished' })
  /** The round number is out of order; `message` is a sentence for the recording's warnings. */
  | (Moment & { kind: 'anomaly'; message: string })
