import { everyNthRound, splitRssByGiveBack } from '../../memory/index.js'
import type { RoleProcess } from './role-process.js'

/**
 * The recorder sets this to have the RSS at the job's end split by give-back, which costs two
 * collections.
 */
const ATTRIBUTION_VARIABLE = 'TIDEMARK_ATTRIBUTION'

/**
 * The recorder sets this to have it split after every N-th round as well, in trials of their own.
 */
const PROBE_EVERY_VARIABLE = 'TIDEMARK_PROBE_EVERY'

/**
 * Splits the server's RSS by give-back. It runs at the job's end, because it collects and purges.
 */
export async function probeAttribution(role: RoleProcess): Promise<void> {
  if (process.env[ATTRIBUTION_VARIABLE] === '1') await probe(role)
}

/** Does the same after a round, where that was asked for. Returns whether it ran. */
export async function probeOnTheWay(role: RoleProcess, round: number): Promise<boolean> {
  if (!everyNthRound(Number(process.env[PROBE_EVERY_VARIABLE] ?? 0), round)) return false
  await probe(role, { round })
  return true
}

async function probe(role: RoleProcess, after: { round?: number } = {}): Promise<void> {
  const parts = await splitRssByGiveBack()
  if (parts === null) role.log('no attribution: this allocator cannot purge, or the engine cannot collect')
  else role.mark({ mark: 'attribution', ...after, ...parts })
}
