import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isAlgorithmFile, jobAlgorithm } from '../../options/roles.js'
import { suggestWord } from '../../shared/did-you-mean.js'
import { messageOf, UsageError } from '../../shared/errors.js'
import { importDefault } from '../../shared/import-default.js'
import { shellWord } from '../../shared/text.js'

/** An unchecked definition as its file exports it, and the file for messages. */
export interface LoadedDefinition {
  /** Name of the file, relative to the current folder if inside it. */
  source: string
  /** Text of the file, in which a fault's line is located. */
  text: string
  definition: unknown
}

/** Name that selects the suites of all algorithms. */
export const ALL = 'all'

/**
 * Loads the suite given to `tidemark compare`: the name of an algorithm (the suite that ships with
 * Tidemark), `all` of them, a `*.memory.ts` file, or a folder that contains such files at any
 * depth. Without a name, loads `tidemark.config.ts` of the current folder. A file may export a list
 * of comparisons.
 *
 * @param verb the verb that was called, for messages
 * @throws UsageError when there is nothing of that name, or the file cannot be loaded
 */
export async function loadSuite(asked: string | undefined, verb = 'compare'): Promise<LoadedDefinition[]> {
  const files = asked === undefined ? configFiles(verb) : suiteFiles(asked)
  return (await Promise.all(files.map(loadFile))).flat()
}

const SUITE_FILE = /\.memory\.(ts|mts|js|mjs|json)$/
const CONFIG_FILES = ['ts', 'mts', 'mjs', 'js', 'json'].map((ending) => `tidemark.config.${ending}`)

function configFiles(verb: string): string[] {
  const found = CONFIG_FILES.filter((file) => existsSync(file))
  if (found.length === 1) return [resolve(found[0]!)]
  if (found.length > 1)
    throw new UsageError(`this folder has several configs: ${found.join(', ')}`, { fix: 'Keep one.' })
  throw new UsageError(`${verb}: no job was named, and this folder has no ${CONFIG_FILES[0]} (or .mjs, .json)`, {
    fix: `Name an algorithm, a suite, or a command: ${exampleOf(verb, 'fedavg')}, or ${exampleOf(verb, "--command 'python job.py'")}`,
  })
}

/** The arguments of `submit` are those of a comparison, behind `--`. */
function exampleOf(verb: string, job: string): string {
  return `tidemark ${verb} ${verb === 'submit' ? '--slurm -- ' : ''}${job}`
}

function suiteFiles(asked: string): string[] {
  if (asked === ALL) return jobAlgorithm.choices!.flatMap(suiteFiles)
  if (jobAlgorithm.choices!.includes(asked)) return suiteFiles(shippedSuite(asked))
  const path = resolve(asked)
  if (!existsSync(path))
    throw new UsageError(`there is no algorithm, file or folder "${asked}"`, {
      fix: suggestWord(asked, [...jobAlgorithm.choices!, ALL]),
    })
  if (!statSync(path).isDirectory()) return [assertScript(asked, path)]
  const files = readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((file) => SUITE_FILE.test(file) && !file.includes('node_modules'))
    .sort()
  if (files.length === 0)
    throw new UsageError(
      `the folder ${asked} holds no suite: no file in it ends in .memory.ts, .memory.js, .memory.mjs or .memory.json`,
      { fix: 'Name a suite file, or an algorithm such as fedavg.' },
    )
  return files.map((file) => join(path, file))
}

const SCRIPT = /\.([mc]?[jt]s|json)$/

function assertScript(asked: string, path: string): string {
  if (SCRIPT.test(path)) return path
  throw new UsageError(`${asked} is no suite: expected a file that ends in .ts, .mts, .js, .mjs or .json`, {
    fix: `To judge the memory in a table or another recording: tidemark analyze ${shellWord(asked)}`,
  })
}

/** Returns the folder of a shipped suite; the path is the same from src/ and from dist/. */
function shippedSuite(algorithm: string): string {
  return fileURLToPath(new URL(`../../../suites/${algorithm}`, import.meta.url))
}

async function loadFile(path: string): Promise<LoadedDefinition[]> {
  const fromHere = relative(process.cwd(), path)
  const source = fromHere.startsWith('..') ? path : fromHere
  const exported = await importSuite(path).catch((error: unknown) => {
    throw new UsageError(`cannot load ${source}: ${messageOf(error)}`, { cause: error })
  })
  if (exported === undefined || (Array.isArray(exported) && exported.length === 0))
    throw new UsageError(`${source} exports no comparison`, {
      fix: `Let it say: export default defineComparison({ name: ..., workload: federation({ algorithm: 'fedavg' }) })`,
    })
  const text = readFileSync(path, 'utf8')
  return [exported].flat().map((definition: unknown) => ({
    source,
    text,
    definition: withAlgorithmFile(definition, dirname(path)),
  }))
}

/** Resolves the file of an algorithm relative to the suite, whatever the current folder. */
function withAlgorithmFile(definition: unknown, folder: string): unknown {
  const { workload } = (definition ?? {}) as { workload?: { job?: { algorithm?: unknown } } }
  const algorithm = workload?.job?.algorithm
  if (typeof algorithm !== 'string' || !isAlgorithmFile(algorithm)) return definition
  const file = resolve(folder, algorithm)
  if (!existsSync(file)) throw new UsageError(`workload.job.algorithm: there is no file ${file}`)
  return { ...(definition as object), workload: { ...workload, job: { ...workload!.job, algorithm: file } } }
}

async function importSuite(path: string): Promise<unknown> {
  if (path.endsWith('.json')) return parseJson(readFileSync(path, 'utf8'))
  return importDefault(path, { tidemark: await import('../../index.js') }, { isKept: true })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const position = /position (\d+)/.exec(messageOf(error))?.[1]
    if (position === undefined) throw error
    throw new SyntaxError(`line ${text.slice(0, Number(position)).split('\n').length}: ${messageOf(error)}`, {
      cause: error,
    })
  }
}
