import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readFileSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { messageOf, UsageError } from '../../shared/errors.js'
import { findExecutable } from '../files/executable.js'
import { makeFolder as makeFolders } from '../files/make-folder.js'
import { loadNativeLibrary, type NativeFunction } from './native-library.js'

const COMPILERS = ['cc', 'gcc', 'clang']
const FLAGS = ['-fPIC', '-shared', '-x', 'c']
const LIBRARIES = ['-lpthread']

export interface LibraryToBuild {
  /** Name of its file in the cache, before the hash. */
  name: string
  source: URL
  /** Compiler flags for optimisation; -O2 by default. */
  flags?: readonly string[]
  /** What cannot be done without the library, as errors name it: `--probe`. */
  neededBy: string
}

/**
 * Returns the path of a C library of ours. This machine's compiler builds it on first use, and the
 * user's cache keeps it. Its name is a hash of the source and of the compiler, so that neither a
 * new version nor a new system meets an old build.
 *
 * @throws UsageError without a compiler, with one that cannot build it, or where the cache cannot
 *   be written
 */
export function compileLibrary(library: LibraryToBuild, environment: NodeJS.ProcessEnv = process.env): string {
  const source = readFileSync(library.source)
  const compiler = findCompiler(library, environment)
  const { mtimeMs, size } = statSync(compiler)
  const hash = createHash('sha256')
    .update(source)
    .update(`${realpathSync(compiler)} ${mtimeMs} ${size} ${process.arch} ${flagsOf(library).join(' ')}`)
  const folder = cacheFolder(environment)
  const path = join(folder, `${library.name}-${hash.digest('hex').slice(0, 16)}.so`)
  if (existsSync(path)) return path
  makeFolder(library, folder)
  build(compiler, path, { library, source, environment })
  return path
}

function flagsOf({ flags = ['-O2'] }: LibraryToBuild): string[] {
  return [...flags, ...FLAGS]
}

/**
 * Returns a function that looks up the library's functions by their C declarations. Undefined
 * without koffi, a C compiler or a folder to keep the library in. It is meant for work that
 * JavaScript can also do, only more slowly.
 */
export function builtFunctions(library: LibraryToBuild): ((declaration: string) => NativeFunction) | undefined {
  const native = loadNativeLibrary()
  if (native.kind === 'absent') return undefined
  try {
    const loaded = native.koffi.load(compileLibrary(library))
    return (declaration) => loaded.func(declaration)
  } catch {
    return undefined
  }
}

/** Finds the program that `$CC` names, or else one of the usual compilers. */
function findCompiler({ neededBy }: LibraryToBuild, environment: NodeJS.ProcessEnv): string {
  const names = environment.CC === undefined || environment.CC === '' ? COMPILERS : [environment.CC]
  const found = names.map((name) => findExecutable(name, environment)).find((path) => path !== undefined)
  if (found !== undefined) return found
  const looked = names === COMPILERS ? `no ${names.join(', ')} in PATH` : `no program "${names[0]}", which CC names`
  throw new UsageError(`${neededBy} needs a C compiler to build its library, and there is none: ${looked}`, {
    fix: `Install one (tidemark doctor prints the command for this system), or leave ${neededBy} out.`,
  })
}

/** Returns the folder where this user keeps what can be rebuilt. */
export function cacheFolder({ XDG_CACHE_HOME: cache }: NodeJS.ProcessEnv): string {
  return join(cache === undefined || !cache.startsWith('/') ? join(homedir(), '.cache') : cache, 'tidemark')
}

function makeFolder({ neededBy }: LibraryToBuild, folder: string): void {
  try {
    makeFolders(folder, 0o700)
  } catch (error) {
    throw new UsageError(`${neededBy} cannot make ${folder} for its library: ${messageOf(error)}`, {
      fix: 'Set XDG_CACHE_HOME to a folder that can be written.',
      cause: error,
    })
  }
}

/**
 * Builds under a temporary name first, so that two processes that build at once never load each
 * other's unfinished library.
 */
function build(
  compiler: string,
  path: string,
  { library, source, environment }: { library: LibraryToBuild; source: Buffer; environment: NodeJS.ProcessEnv },
): void {
  const part = `${path}.${randomBytes(4).toString('hex')}`
  const built = spawnSync(compiler, [...flagsOf(library), '-o', part, '-', ...LIBRARIES], {
    input: source,
    encoding: 'utf8',
    env: environment,
  })
  if (built.status === 0) {
    renameSync(part, path)
    return
  }
  rmSync(part, { force: true })
  const said = built.error === undefined ? built.stderr.trim().split('\n').slice(0, 5).join('\n') : built.error.message
  throw new UsageError(`${library.neededBy}: ${compiler} cannot build its library: ${said}`, {
    fix: `Install the headers of the C library too (on Debian: apt-get install libc6-dev), or leave ${library.neededBy} out.`,
  })
}
