import { beforeAll, describe, expect, it } from 'vitest'
import { allocatorLibrary } from '../../src/shared/allocator-library.js'
import { needs } from '../optional-parts.js'
import { dropObjectsInCycles, type FillReport, fillAndClean } from './run-fixture.js'

const MB = 1e6

describe('under glibc', () => {
  let report: FillReport
  let stderr: string
  beforeAll(async () => {
    ;({ report, stderr } = await fillAndClean())
  })

  it('the allocator is known, and nothing is warned of', () => {
    expect(report.allocator).toBe('glibc')
    expect(stderr).toBe('')
  })

  it('100 MB come back to at least 90 % every time, and so RSS after cleanup does not scatter', () => {
    expect(Math.min(...report.repeats.map(shareGivenBack))).toBeGreaterThan(0.9)
    const after = report.repeats.map(({ cleanup }) => cleanup.rssAfterBytes)
    expect(Math.max(...after) - Math.min(...after)).toBeLessThan(10 * MB)
  })

  it('the record holds the cost of both steps, and RSS around them', () => {
    for (const { cleanup, filledBytes } of report.repeats) {
      expect(cleanup.gcMs).toBeGreaterThan(0)
      expect(cleanup.purgeMs).toBeGreaterThan(0)
      expect(cleanup.totalMs).toBeGreaterThanOrEqual((cleanup.gcMs ?? 0) + (cleanup.purgeMs ?? 0))
      // V8 may have begun to collect by itself in between.
      expect(cleanup.rssBeforeBytes).toBeLessThan(filledBytes + 5 * MB)
      expect(cleanup.rssAfterBytes).toBeLessThan(cleanup.rssBeforeBytes)
    }
  })

  it('the counters account for 100 MB that are held', () => {
    const { arrayBufferBytes, allocator } = report.statistics
    expect(arrayBufferBytes).toBeGreaterThan(100 * MB)
    expect(allocator?.allocatedBytes).toBeGreaterThan(100 * MB)
    expect(allocator?.heldBytes).toBeGreaterThanOrEqual(allocator?.allocatedBytes ?? Number.NaN)
  })

  it('the probe tells 100 MB of garbage from 100 MB that are live, and its parts add up to RSS', () => {
    const { rssBytes, retainedBytes, garbageBytes, liveBytes } = report.giveBack!
    expect(retainedBytes + garbageBytes + liveBytes).toBe(rssBytes)
    expect(garbageBytes).toBeGreaterThan(90 * MB)
    expect(garbageBytes).toBeLessThan(120 * MB)
    expect(liveBytes).toBeGreaterThan(130 * MB)
  })
})

it("objects of V8's own heap are given back by the cleanup that frees them, and are garbage to the probe", async () => {
  const { report } = await dropObjectsInCycles()
  expect(report.filledBytes - report.rssAfterBytes).toBeGreaterThan(38 * MB)
  expect(report.giveBack.garbageBytes).toBeGreaterThan(38 * MB)
  // From Node 22 on the last-resort collection gives back V8's own spare pages as well: 41 to 44.6 MB in twelve runs of 26.
  const most = Number(process.versions.node.split('.')[0]) >= 22 ? 48 : 44
  expect(report.giveBack.garbageBytes).toBeLessThan(most * MB)
})

it('a library to preload that is not there leaves glibc in place, and that is what is reported', async () => {
  const { report } = await fillAndClean({ preload: '/nowhere/libjemalloc.so.2' })
  expect(report.allocator).toBe('glibc')
})

for (const allocator of ['jemalloc', 'mimalloc', 'tcmalloc'] as const)
  describe(`under ${allocator}`, needs(allocator), () => {
    let report: FillReport
    let stderr: string
    beforeAll(async () => {
      ;({ report, stderr } = await fillAndClean({ preload: allocatorLibrary(allocator)! }))
    })

    it('it is found at run time, and nothing is warned of', () => {
      expect(report.allocator).toBe(allocator)
      expect(stderr).toBe('')
    })

    it('100 MB come back to at least 90 % once it is warm', () => {
      expect(report.repeats.every(({ cleanup }) => cleanup.purgeMs !== null)).toBe(true)
      // mimalloc keeps a quarter of the first 100 MB for good, and now and then settles only in the second repeat.
      expect(Math.min(...report.repeats.slice(2).map(shareGivenBack))).toBeGreaterThan(0.9)
    })

    it('malloc_trim is still callable, and is not taken for a purge', () => expect(report.trims).toBe(false))
  })

/** Of what the blocks added to RSS, the share that came back. */
function shareGivenBack({ emptyBytes, filledBytes, cleanup }: FillReport['repeats'][number]): number {
  return (filledBytes - cleanup.rssAfterBytes) / (filledBytes - emptyBytes)
}
