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

/** What `fixtures/memory/objects-in-cycles.mjs` prints. */
export interface ObjectsReport {
  filledBytes: number
  rssAfterBytes: number
  giveBack: GiveBack
}

interface Options {
  preload?: string
  module?: URL
}

/** Runs the fixture in a process of its own, under the preloaded library if one is given. */
export function fillAndClean(options: Options = {}): Promise<{ report: FillReport; stderr: string }> {
  return runFixture<FillReport>('fill-and-clean.mjs', options)
}

export function dropObjectsInCycles(): Promise<{ report: ObjectsReport; stderr: string }> {
  return runFixture<ObjectsReport>('objects-in-cycles.mjs')
}

async function runFixture<Report>(name: string, options: Options = {}): Promise<{ report: Report; stderr: string }> {
  const fixture = fileURLToPath(new URL(`../fixtures/memory/${name}`, import.meta.url))
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [fixture, (options.module ?? COMPILED_MEMORY).href],
    { env: { ...process.env, NODE_OPTIONS: '', LD_PRELOAD: options.preload ?? '' } },
  )
  return { report: JSON.parse(stdout) as Report, stderr }
}
