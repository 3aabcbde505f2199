import { setFlagsFromString } from 'node:v8'

/**
 * Keeps V8's young generation at the MiB that it begins with; by itself it grows to 16. What is read from sockets hangs on
 * young objects, 64 KiB on each, and is freed with them: a small generation is collected often and at little cost, and so
 * bytes that have passed through go early. Call it at the start; growing can be stopped, not undone.
 */
export function keepYoungGenerationSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
}
