import { collectYoungGarbage } from './garbage.js'
import { setV8Flag } from './v8-flags.js'

/**
 * Keeps V8's young generation at its initial size of 1 MiB; otherwise it grows to 16. Call it at
 * the start: growth can be stopped, not undone.
 *
 * Data read from sockets is attached to young objects, 64 KiB to each, and is freed with them. A
 * small generation is collected often and cheaply, so bytes that have passed through are freed
 * early. A collection on demand does not shrink the young generation. V8 does so itself, once a
 * process has allocated less than 1 MB a second (`ReduceNewSpaceSize` in V8's heap.cc). RSS after a
 * cleanup would then fall by 6 MiB in some round, sooner on a busy machine, and mean nothing.
 */
export function keepYoungGenerationSmall(): void {
  setV8Flag('--semi-space-growth-factor', 1)
}

/**
 * Bytes that sockets may bring between two collections. A smaller number costs more in collections
 * than it saves in pages.
 */
const PASSED_BYTES = 4 * 2 ** 20

let passed = 0

/**
 * Records that bytes were read from a socket and are no longer needed. Tens of MiB of such bytes
 * are attached to a young generation of 1 MiB before it is full, and each of their pages adds to
 * RSS and costs a fault. A collection after every few MiB reuses the same pages.
 */
export function notePassedBytes(bytes: number): void {
  passed += bytes
  if (passed < PASSED_BYTES) return
  passed = 0
  collectYoungGarbage()
}
