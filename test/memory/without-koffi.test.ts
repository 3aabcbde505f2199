import { expect, it } from 'vitest'
import { COMPILED_MEMORY, copyOutsideNodeModules, fillAndClean } from './run-fixture.js'

it('without koffi there is one warning, garbage is still collected, and what could not run is null', async () => {
  const { report, stderr } = await fillAndClean({ module: copyOutsideNodeModules(COMPILED_MEMORY) })
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
