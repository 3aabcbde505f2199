/** User's answers to what the names and values of a table do not settle. */
export interface TableOptions {
  /** Column of memory. */
  column?: string | undefined
  roundColumn?: string | undefined
  timeColumn?: string | undefined
  /** Bytes per unit of the memory column. */
  bytesPerUnit?: number | undefined
  /** Column that identifies the series of a row. */
  series?: string | undefined
  /** Values that a row must have to be read. */
  where?: readonly { column: string; value: string }[] | undefined
  /** Read the total of all series instead of each. */
  sum?: boolean | undefined
  /** Which reading stands for a round that has several. */
  inRound?: InRound | undefined
}

export type InRound = 'last' | 'highest' | 'median'
