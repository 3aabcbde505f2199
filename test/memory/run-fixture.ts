import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { AllocatorName, CleanupRecord, GiveBack, MemoryStatistics } from '../../src/memory/index.js'

export const COMPILED_MEMORY = new URL('../../dist/memory/index.js', import.meta.url)

/** What `fixtures/memory/fill-and-clean.mjs` prints. */
export interface FillReport {
  allocator: AllocatorName
  repeats: { emptyBytes: number; filledBytes: number; cleanup: CleanupRecord }[]
  statistics: MemoryStatistics
  giveBack: GiveBack | null
  trims: boolean
}

/** Runs the fixture in a process of its own, under the preloaded library if one is given. */
export async function fillAndClean(
  options: { preload?: string; module?: URL } = {},
): Promise<{ report: FillReport; stderr: string }> {
  const fixture = fileURLToPath(new URL('../fixtures/memory/fill-and-clean.mjs', import.meta.url))
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [fixture, (options.module ?? COMPILED_MEMORY).href],
    { env: { ...process.env, NODE_OPTIONS: '', LD_PRELOAD: options.preload ?? '' } },
  )
  return { report: JSON.parse(stdout) as FillReport, stderr }
}
