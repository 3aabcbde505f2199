import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { messageOf, UsageError } from '../../shared/errors.js'

/**
 * What the file of an algorithm exports by default. What reads TypeScript is loaded only now: other jobs do without it.
 *
 * @param loadKit `tidemark/algorithm`, for the file to import
 */
export async function importAlgorithm(file: string, loadKit: () => Promise<unknown>): Promise<unknown> {
  if (!existsSync(file)) throw new UsageError(`--algorithm: there is no file ${file}`)
  const { importDefault } = await import('../../shared/import-default.js')
  return importDefault(resolve(file), { 'tidemark/algorithm': await loadKit() }).catch((error: unknown) => {
    throw new UsageError(`--algorithm: cannot load ${file}: ${messageOf(error)}`, { cause: error })
  })
}
