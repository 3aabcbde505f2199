/** One thing that was looked at on this machine. */
export interface Finding {
  group: 'allocators' | 'kernel' | 'limits' | 'programs'
  name: string
  /**
   * `ok`: it is there. `missing`: it is not, and `means` says what cannot be done. `note`: a fact that bears on results.
   * `broken`: it is there and does not work.
   */
  state: 'ok' | 'missing' | 'note' | 'broken'
  /** What was found: a version, a value, or why it could not be had. */
  found: string
  path?: string
  /** What follows from it, where something does. */
  means?: string
  /** The command that installs it. */
  install?: string
  /** True when Tidemark cannot measure without it. */
  isRequired?: true
}
