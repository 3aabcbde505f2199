import { collectYoungGarbage } from './garbage.js'
import { setV8Flag } from './v8-flags.js'

/**
 * Keeps V8's young generation at the MiB that it begins with; by itself it grows to 16. Call it at the start: growing can be
 * stopped, not undone.
 *
 * What is read from sockets hangs on young objects, 64 KiB on each, and is freed with them: a small generation is collected
 * often and at little cost, and so bytes that have passed through go early. And a collection on demand gives nothing of the
 * young generation back; V8 does so by itself, once a process has allocated less than 1 MB a second (`ReduceNewSpaceSize` in
 * V8's heap.cc). RSS after a cleanup would fall by 6 MiB in some round, sooner on a busy machine, and mean nothing.
 */
export function keepYoungGenerationSmall(): void {
  setV8Flag('--semi-space-growth-factor', 1)
}

/** What sockets may bring between two collections. Less than that costs more collections than it saves pages. */
const PASSED_BYTES = 4 * 2 ** 20

let passed = 0

/**
 * Says that bytes were read from a socket and are done with. A young generation of a MiB hangs on tens of MiB of them before
 * it is full, and every page of those is a page more in RSS, and a fault; collected after a few MiB, the same pages come up again.
 */
export function notePassedBytes(bytes: number): void {
  passed += bytes
  if (passed < PASSED_BYTES) return
  passed = 0
  collectYoungGarbage()
}
