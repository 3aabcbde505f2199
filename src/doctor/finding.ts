/** One thing that was examined on this machine. */
export interface Finding {
  group: 'allocators' | 'kernel' | 'limits' | 'programs'
  name: string
  /**
   * `ok`: present. `missing`: absent, and `means` says what cannot be done. `note`: a fact that
   * bears on results. `broken`: present but does not work.
   */
  state: 'ok' | 'missing' | 'note' | 'broken'
  /** What was found: a version, a value, or the reason why there is none. */
  found: string
  path?: string
  /** What follows from it, if anything. */
  means?: string
  /** Command that installs it. */
  install?: string
  /** True when Tidemark cannot measure without it. */
  isRequired?: true
}
