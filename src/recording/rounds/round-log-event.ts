export interface Moment {
  /** Unix ms: by the log's own time stamp where that can be believed, else when the line arrived. */
  timeMs: number
  /** Unix ms at which the bytes came. Memory that is read because of this event is of this moment. */
  arrivedMs: number
}

/** Worked out only for what is news: most lines of a progress bar are none. */
export type WhenTold = () => Moment
