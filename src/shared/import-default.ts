import { fileURLToPath } from 'node:url'
import { systemErrorCode } from './errors.js'

/**
 * The folder `.cache` beside src/ and dist/: only a user who can write to the program can write to
 * it.
 */
const CACHE = fileURLToPath(new URL('../../.cache/suites', import.meta.url))

/**
 * The default export of a user's file. JavaScript goes through jiti as well: Node 20 cannot import
 * TypeScript, and `tidemark` is this very program, also where the file's own folder has no
 * node_modules. jiti is loaded only then.
 *
 * @param modules what the file may import by name
 * @param options.isKept whether its JavaScript is kept for the next time, which then starts half a
 *   second sooner: the compiler need not be loaded. Not for what a measured process imports, whose
 *   memory must not depend on an earlier run.
 */
export async function importDefault(
  path: string,
  modules: Record<string, unknown>,
  { isKept = false }: { isKept?: boolean } = {},
): Promise<unknown> {
  const { createJiti } = await import('jiti')
  const load = async (fsCache: string | false) => {
    const jiti = createJiti(import.meta.url, { fsCache, interopDefault: false, virtualModules: modules })
    return ((await jiti.import(path)) as { default?: unknown }).default
  }
  if (!isKept) return load(false)
  try {
    return await load(CACHE)
  } catch (error) {
    // A disk that is full, or a file that another user left: then it is compiled again. One of the
    // user's own fails again.
    if (systemErrorCode(error) !== undefined) return load(false)
    throw error
  }
}
