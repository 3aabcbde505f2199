/** A part of a comparison, for one of several machines: the `index`-th of `of`, from 1. */
export interface Shard {
  index: number
  of: number
}
