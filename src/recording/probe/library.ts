import { compileLibrary } from '../../linux/native/compile-library.js'
import { UsageError } from '../../shared/errors.js'

/**
 * Returns the library that `--probe` preloads.
 *
 * @throws UsageError when it cannot be built, or its path cannot be preloaded
 */
export function probeLibrary(environment: NodeJS.ProcessEnv = process.env): string {
  const source = new URL('tidemark-probe.c', import.meta.url)
  const library = compileLibrary({ name: 'tidemark-probe', source, neededBy: '--probe' }, environment)
  if (!/[\s:]/.test(library)) return library
  throw new UsageError(`LD_PRELOAD cannot name a path with a blank or a colon, as ${library} of --probe is one`, {
    fix: 'Set XDG_CACHE_HOME to a folder without them.',
  })
}
