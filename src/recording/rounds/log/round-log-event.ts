export interface Moment {
  /** Unix ms: by the log's own time stamp where that can be believed, else when the line arrived. */
  timeMs: number
  /** Unix ms at which the bytes came. Memory that is read because of this event is of this moment. */
  arrivedMs: number
}

/** Worked out only for what is news: most lines of a progress bar are none. */
export type WhenTold = () => Moment

/** What a line of a log says about rounds. Rounds count from 1, whatever the program counts from. */
export type RoundLogEvent =
  | (Moment & { kind: 'round-start'; round: number })
  /** `isLast`: no other round follows; the job, or the program, has ended. */
  | (Moment & { kind: 'round-end'; round: number; isLast: boolean })
  /** The first word of a cleanup in this round. What it gives back is gone some milliseconds later, not yet. */
  | (Moment & { kind: 'cleanup'; round: number })
  /** Results have arrived and are about to be aggregated. */
  | (Moment & { kind: 'results'; round: number; received: number; failed: number })
  | (Moment & { kind: 'finished' })
  /** The count of rounds is not what it should be; `message` is a sentence for the recording's warnings. */
  | (Moment & { kind: 'anomaly'; message: string })
