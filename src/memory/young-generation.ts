import { setFlagsFromString } from 'node:v8'

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
  setFlagsFromString('--semi-space-growth-factor=1')
}
