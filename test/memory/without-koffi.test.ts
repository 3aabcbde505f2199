import { cpSync, existsSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../temporary-folder.js'
import { COMPILED_MEMORY, fillAndClean } from './run-fixture.js'

it('without koffi one warning says so, garbage is still collected, and what could not run is null', async () => {
  const { report, stderr } = await fillAndClean({ module: copyOutsideNodeModules() })
  expect(stderr.match(/Warning/g)).toHaveLength(1)
  expect(stderr).toContain("Cannot find module 'koffi'")
  expect(stderr).toContain('Install koffi')
  for (const { cleanup } of report.repeats) {
    expect(cleanup.gcMs).toBeGreaterThan(0)
    expect(cleanup.purgeMs).toBeNull()
  }
  expect(report.giveBack).toBeNull()
  expect(report.statistics.allocator).toBeNull()
  expect(report.trims).toBe(false)
  // By the libraries mapped into the process.
  expect(report.allocator).toBe('glibc')
})

/** The compiled modules in a folder from which no node_modules can be seen. */
function copyOutsideNodeModules(): URL {
  const folder = temporaryFolder()
  const compiled = fileURLToPath(new URL('..', COMPILED_MEMORY))
  for (const part of ['memory', 'linux', 'errors.js', 'marks.js'])
    if (existsSync(join(compiled, part))) cpSync(join(compiled, part), join(folder, part), { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  const copy = pathToFileURL(join(folder, 'memory/index.js'))
  expect(() => createRequire(copy).resolve('koffi')).toThrow()
  return copy
}
