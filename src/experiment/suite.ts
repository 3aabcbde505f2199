import { existsSync, readdirSync, statSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { suggestWord } from '../closest-word.js'
import { messageOf, UsageError } from '../errors.js'
import { serverOptions } from '../options.js'

/** A definition as its file exports it, unchecked, and the file for messages. */
export interface LoadedDefinition {
  source: string
  definition: unknown
}

/**
 * Loads what `tidemark compare` was asked for: the name of an algorithm (the suite that ships with Tidemark), a
 * `*.memory.ts` file, or a folder with such files in it or below it.
 *
 * @throws UsageError when there is nothing of that name, or the file cannot be loaded
 */
export async function loadSuite(asked: string): Promise<LoadedDefinition[]> {
  return Promise.all(suiteFiles(asked).map(loadFile))
}

const SUITE_FILE = /\.memory\.(ts|mts|js|mjs)$/

function suiteFiles(asked: string): string[] {
  if (serverOptions.algorithm.parse(asked) !== undefined) return suiteFiles(shippedSuite(asked))
  const path = resolve(asked)
  if (!existsSync(path))
    throw new UsageError(`there is no algorithm, file or folder "${asked}"`, {
      fix: suggestWord(asked, serverOptions.algorithm.choices ?? []),
    })
  if (!statSync(path).isDirectory()) return [path]
  const files = readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((file) => SUITE_FILE.test(file) && !file.includes('node_modules'))
    .sort()
  if (files.length === 0)
    throw new UsageError(
      `the folder ${asked} holds no suite: no file in it ends in .memory.ts, .memory.js or .memory.mjs`,
    )
  return files.map((file) => join(path, file))
}

/** The same place seen from src/ and from dist/. */
function shippedSuite(algorithm: string): string {
  return fileURLToPath(new URL(`../../memory-profile/${algorithm}`, import.meta.url))
}

async function loadFile(path: string): Promise<LoadedDefinition> {
  const fromHere = relative(process.cwd(), path)
  const source = fromHere.startsWith('..') ? path : fromHere
  const definition = await importDefault(path).catch((error: unknown) => {
    throw new UsageError(`cannot load ${source}: ${messageOf(error)}`, { cause: error })
  })
  if (definition === undefined)
    throw new UsageError(`${source} exports no comparison`, {
      fix: `Let it say: export default defineComparison({ name: ..., workload: federation({ algorithm: 'fedavg' }) })`,
    })
  return { source, definition }
}

/**
 * TypeScript goes through jiti, loaded only then, since Node 20 cannot import it. `tidemark` is this very program, also
 * where the file's own folder has no node_modules.
 */
async function importDefault(path: string): Promise<unknown> {
  if (!/\.m?ts$/.test(path)) return ((await import(pathToFileURL(path).href)) as { default?: unknown }).default
  const [{ createJiti }, tidemark] = await Promise.all([import('jiti'), import('../index.js')])
  const jiti = createJiti(import.meta.url, { fsCache: false, interopDefault: false, virtualModules: { tidemark } })
  return ((await jiti.import(path)) as { default?: unknown }).default
}
