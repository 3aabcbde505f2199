import { expect, it } from 'vitest'
import { collectGarbage, collectYoungGarbage } from '../../src/memory/garbage.js'
import { collectOldGarbage, oldGenerationBytes } from '../../src/memory/old-generation.js'

const KIB = 1024

/** Moves objects of about so many bytes to the old generation, and lets go of them. */
function leaveOldGarbage(bytes: number): void {
  let kept: object[] | undefined = Array.from({ length: bytes / 64 }, (_, i) => ({ a: i, b: i, c: i, d: i, e: i }))
  collectYoungGarbage()
  collectYoungGarbage()
  expect(kept).toHaveLength(bytes / 64)
  kept = undefined
}

it('garbage in the old generation is collected once it has come to a MiB, and not before', () => {
  collectGarbage()
  collectOldGarbage()
  const before = oldGenerationBytes()
  leaveOldGarbage(256 * KIB)
  expect(oldGenerationBytes()).toBeGreaterThan(before + 128 * KIB)
  expect(collectOldGarbage()).toBe(false)
  leaveOldGarbage(2048 * KIB)
  expect(oldGenerationBytes()).toBeGreaterThan(before + 1024 * KIB)
  expect(collectOldGarbage()).toBe(true)
  expect(oldGenerationBytes()).toBeLessThan(before + 512 * KIB)
  expect(collectOldGarbage()).toBe(false)
})
