/**
 * A comparison in parts, as a job array runs it. The Slurm script and the Kubernetes job are made
 * from this.
 */
export interface ShardedJob {
  name: string
  shards: number
  cores: number
  /** Arguments of `tidemark compare`, without the shard and the folder. */
  compareArguments: string[]
  memory: MemoryNeed
}

/**
 * Memory that one part needs. All processes of a trial run in one part, so its limit is their sum.
 */
export interface MemoryNeed {
  /** Bytes of each process of a role, and the number of these processes. */
  roles: { role: string; bytes: number; processes: number }[]
  /** Sum of all processes and {@link OWN_BYTES}. */
  totalBytes: number
}

/**
 * Memory reserved for Tidemark itself, which does not grow while it records. Half a GiB is several
 * times what it needs.
 */
export const OWN_BYTES = 512 * 2 ** 20

export function memoryNeed(roles: MemoryNeed['roles']): MemoryNeed {
  return { roles, totalBytes: OWN_BYTES + roles.reduce((sum, { bytes, processes }) => sum + bytes * processes, 0) }
}
