import { randomBytes } from 'node:crypto'
import { probeLibrary } from './library.js'

/** What a program gets so that the probe answers in it, and how to find that probe. */
export interface ProbeOrder {
  readonly library: string
  /** In the names of the sockets: nobody can take one beforehand. */
  readonly token: string
  /** Variables for the launch; the preload goes before what is preloaded already. */
  environment(preload: string | undefined): Record<string, string>
}

/** The library writes the pid of the first process that loads it over the dashes, in place. */
const NO_PID = '-'.repeat(10)

/**
 * @param roles patterns of the processes that are meant, anywhere in the tree; without any it is the launched process
 *   itself, and what that starts does not inherit the library
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

/** What POSIX reads otherwise than JavaScript: escapes of classes, groups with a question mark, lazy and possessive counts. */
const OTHERWISE = /\\[a-zA-Z0-9]|\(\?|[*+?}][?+]|\[[^\]]*\\/

/** One extended regular expression for the roles. Empty, which fits every process, where POSIX would read it otherwise. */
function asExtended(roles: readonly RegExp[]): string {
  const sources = roles.map(({ source }) => source)
  return sources.some((source) => OTHERWISE.test(source)) ? '' : sources.map((source) => `(${source})`).join('|')
}
