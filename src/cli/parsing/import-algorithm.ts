import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { messageOf, UsageError } from '../../shared/errors.js'

/**
 * Returns the default export of an algorithm's file. The TypeScript loader is loaded only now,
 * since other jobs do not need it.
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
