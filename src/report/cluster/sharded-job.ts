/** A comparison in parts, as a job array runs it: what both kinds of files are made from. */
export interface ShardedJob {
  name: string
  shards: number
  cores: number
  /** Arguments of `tidemark compare`, without shard and folder. */
  compareArguments: string[]
  memory: MemoryNeed
}

/** All processes of a trial run in one part, so that its limit is their sum. */
export interface MemoryNeed {
  /** Bytes of each process of a role, and how many there are. */
  roles: { role: string; bytes: number; processes: number }[]
  /** With {@link OWN_BYTES}. */
  totalBytes: number
}

/** For Tidemark itself, which records and does not grow: half a GiB is several times what it takes. */
export const OWN_BYTES = 512 * 2 ** 20

export function memoryNeed(roles: MemoryNeed['roles']): MemoryNeed {
  return { roles, totalBytes: OWN_BYTES + roles.reduce((sum, { bytes, processes }) => sum + bytes * processes, 0) }
}
