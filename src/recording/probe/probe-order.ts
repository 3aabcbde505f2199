import { randomBytes } from 'node:crypto'
import { probeLibrary } from './library.js'

/** The settings with which the probe answers in a program, and with which it is found. */
export interface ProbeOrder {
  readonly library: string
  /** Random part of the socket names, so that no other process can take one beforehand. */
  readonly token: string
  /** Returns the variables for the launch; the library goes before what is preloaded already. */
  environment(preload: string | undefined): Record<string, string>
}

/** Placeholder that the first process to load the library overwrites with its pid, in place. */
const NO_PID = '-'.repeat(10)

/**
 * Prepares the probe for a launch.
 *
 * @param roles patterns of the processes to probe, anywhere in the tree; if empty, only the
 *   launched process is probed and its children do not inherit the library
 * @throws UsageError when the library cannot be built
 */
export function orderProbe(roles: readonly RegExp[] = []): ProbeOrder {
  const library = probeLibrary()
  const token = randomBytes(8).toString('hex')
  return {
    library,
    token,
    environment: (preload) => ({
      LD_PRELOAD: [library, ...(preload === undefined || preload === '' ? [] : [preload])].join(':'),
      TIDEMARK_PROBE: `${token}:${NO_PID}:${library}`,
      ...(roles.length > 0 && { TIDEMARK_PROBE_ROLE: asExtended(roles) }),
    }),
  }
}

/**
 * Syntax that POSIX reads differently from JavaScript: class escapes, groups with a question mark,
 * lazy and possessive quantifiers.
 */
const OTHERWISE = /\\[a-zA-Z0-9]|\(\?|[*+?}][?+]|\[[^\]]*\\/

/**
 * Joins the roles into one POSIX extended regular expression. Returns an empty one, which matches
 * every process, if POSIX would read it differently.
 */
function asExtended(roles: readonly RegExp[]): string {
  const sources = roles.map(({ source }) => source)
  return sources.some((source) => OTHERWISE.test(source)) ? '' : sources.map((source) => `(${source})`).join('|')
}
