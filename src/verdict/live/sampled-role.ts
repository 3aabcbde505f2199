/** A living process at one sample. */
export interface SampledRole {
  pid: number
  role: string
  name: string
  /** Null where it could not be read. */
  rssBytes: number | null
  peakBytes: number | null
  peakKind: 'exact' | 'sampled'
}
