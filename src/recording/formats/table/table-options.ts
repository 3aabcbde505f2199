/** What a user can say of a table that its names and values do not settle. */
export interface TableOptions {
  /** The column of memory. */
  column?: string | undefined
  roundColumn?: string | undefined
  timeColumn?: string | undefined
  /** Bytes that one unit of the memory column stands for. */
  bytesPerUnit?: number | undefined
  /** The column that tells whose memory a row is. */
  series?: string | undefined
  /** Only rows with these values are read. */
  where?: readonly { column: string; value: string }[] | undefined
  /** The total of all series in place of each. */
  sum?: boolean | undefined
  /** Which reading stands for a round that has several. */
  inRound?: InRound | undefined
}

export type InRound = 'last' | 'highest' | 'median'
