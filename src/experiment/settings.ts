/** One combination of memory settings, for example `gc=5 arena=4`. */
export interface Setting {
  /** Short and unique within a comparison. */
  label: string
  /** By the name of the axis, for example `{ serverMemoryGcRounds: 5, arenaMax: 4, allocator: 'glibc' }`. */
  values: Record<string, string | number>
}
