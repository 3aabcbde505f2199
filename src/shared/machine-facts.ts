export type SamplingLoop = 'c' | 'javascript'

/**
 * What the machine is, as far as it bears on memory. Stored with every recording. A fact that could
 * not be read is null.
 */
export interface MachineFacts {
  hostname: string
  kernel: string
  arch: string
  cpuModel: string | null
  cores: number
  memoryBytes: number
  /** The lowest memory limit of the cgroup and its parents (v1 or v2); null when there is none. */
  cgroupLimitBytes: number | null
  cgroupVersion: 1 | 2 | null
  /** /sys/kernel/mm/transparent_hugepage/enabled: `always`, `madvise` or `never`. */
  transparentHugePages: string | null
  pageSizeBytes: number
  node: string
  glibc: string | null
  /**
   * Language of the loop that took plain samples: C, or JavaScript where there is no compiler.
   * Absent before the first recording, and in older files.
   */
  samplingLoop?: SamplingLoop
}
