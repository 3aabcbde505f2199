import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { messageOf, UsageError } from '../../errors.js'
import { findExecutable } from '../../linux/executable.js'

const SOURCE = new URL('tidemark-probe.c', import.meta.url)
const COMPILERS = ['cc', 'gcc', 'clang']
const FLAGS = ['-O2', '-fPIC', '-shared', '-x', 'c']
const LIBRARIES = ['-lpthread']

/**
 * The library that `--probe` preloads: built by this machine's compiler when it is first wanted, and kept in the cache. Its
 * name is a hash of the source and of the compiler, so that neither a new version nor a new system meets an old build.
 *
 * @throws UsageError without a compiler, or with one that cannot build it
 */
export function probeLibrary(environment: NodeJS.ProcessEnv = process.env): string {
  const source = readFileSync(SOURCE)
  const compiler = findCompiler(environment)
  const { stdout } = spawnSync(compiler, ['--version'], { encoding: 'utf8', env: environment })
  const hash = createHash('sha256').update(source).update(`${compiler}\n${stdout}\n${process.arch}`)
  const folder = cacheFolder(environment)
  const library = join(folder, `tidemark-probe-${hash.digest('hex').slice(0, 16)}.so`)
  if (existsSync(library)) return library
  makeFolder(folder)
  build(compiler, library, { source, environment })
  return library
}

/** `$CC` where it names a program, else the usual names. */
function findCompiler(environment: NodeJS.ProcessEnv): string {
  const names = environment.CC === undefined || environment.CC === '' ? COMPILERS : [environment.CC]
  const found = names.map((name) => findExecutable(name, environment)).find((path) => path !== undefined)
  if (found !== undefined) return found
  const looked = names === COMPILERS ? `no ${names.join(', ')} in PATH` : `no program "${names[0]}", which CC names`
  throw new UsageError(`--probe needs a C compiler to build its library, and there is none: ${looked}`, {
    fix: 'Install one (tidemark doctor prints the command for this system), or leave --probe out.',
  })
}

function cacheFolder({ XDG_CACHE_HOME: cache }: NodeJS.ProcessEnv): string {
  const folder = join(cache === undefined || !cache.startsWith('/') ? join(homedir(), '.cache') : cache, 'tidemark')
  if (!/[\s:]/.test(folder)) return folder
  throw new UsageError(
    `--probe keeps its library in ${folder}, and LD_PRELOAD cannot name a path with a blank or a colon`,
    {
      fix: 'Set XDG_CACHE_HOME to a folder without them.',
    },
  )
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new UsageError(`--probe cannot make ${folder} for its library: ${messageOf(error)}`, {
      fix: 'Set XDG_CACHE_HOME to a folder that can be written.',
      cause: error,
    })
  }
}

/** Under a name of its own first: two that build at once must not load each other's half. */
function build(
  compiler: string,
  library: string,
  { source, environment }: { source: Buffer; environment: NodeJS.ProcessEnv },
): void {
  const part = `${library}.${process.pid}`
  const built = spawnSync(compiler, [...FLAGS, '-o', part, '-', ...LIBRARIES], {
    input: source,
    encoding: 'utf8',
    env: environment,
  })
  if (built.status === 0) {
    renameSync(part, library)
    return
  }
  rmSync(part, { force: true })
  const said = built.error === undefined ? built.stderr.trim().split('\n').slice(0, 5).join('\n') : built.error.message
  throw new UsageError(`--probe: ${compiler} cannot build its library: ${said}`, {
    fix: 'Install the headers of the C library too (on Debian: apt-get install libc6-dev), or leave --probe out.',
  })
}
