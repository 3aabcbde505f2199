import { execFile } from 'node:child_process'
import { cpSync, existsSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import type { AllocatorName, CleanupRecord, GiveBack, MemoryStatistics } from '../../src/memory/index.js'
import { temporaryFolder } from '../temporary-folder.js'

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

const COMPILED = fileURLToPath(new URL('../../dist/', import.meta.url))

/** A compiled module, and those that it imports, in a folder from which no node_modules can be seen. */
export function copyOutsideNodeModules(module: URL): URL {
  const folder = temporaryFolder()
  for (const part of ['memory', 'linux', 'shared'])
    if (existsSync(join(COMPILED, part))) cpSync(join(COMPILED, part), join(folder, part), { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  const copy = pathToFileURL(join(folder, relative(COMPILED, fileURLToPath(module))))
  expect(() => createRequire(copy).resolve('koffi')).toThrow()
  return copy
}
