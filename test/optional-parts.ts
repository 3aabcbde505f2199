/**
 * Parts that a machine may lack: packages, rights, features of the kernel. The one place that decides which tests run.
 *
 *     describe('in a browser', needs('chromium'), () => ...)
 *
 * A test without its part is left out with the reason, which the end of `npm test` lists (left-out.ts). With CI=true a missing
 * part that CI brings is an error instead.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext, TestOptions } from 'vitest'
import { findExecutable } from '../src/linux/files/executable.js'
import { loadNativeLibrary } from '../src/linux/native/native-library.js'
import { findAllocator } from '../src/shared/allocator-library.js'
import { PYTHON, pythonOf } from './python.js'

export const CHROMIUM = '/usr/bin/chromium'
export const MPROF = '/usr/bin/python3-mprof'

interface Part {
  /** Why it cannot be used here; undefined where it can. */
  lacks: () => string | undefined
  /** The command that brings it; null where no command does. */
  bringsIt: string | null
  /** Whether a run with CI=true fails without it. */
  isInCi: () => boolean
}

/** What a test may have left out, and why. */
export interface LeftOut {
  part: string
  why: string
  bringsIt: string | null
}

declare module 'vitest' {
  interface TaskMeta {
    leftOut?: LeftOut[]
  }
}

const isRoot = process.getuid?.() === 0
const succeeds = (program: string, ...args: string[]) => spawnSync(program, args, { stdio: 'ignore' }).status === 0

/** Brought by our script, so that CI has it. */
const packaged = (lacks: Part['lacks']): Part => ({
  lacks,
  bringsIt: 'bash scripts/system-packages.sh',
  isInCi: () => true,
})
const allocator = (name: string) =>
  packaged(() => (findAllocator(name) === undefined ? `there is no library of its name` : undefined))
const fileAt = (path: string) => packaged(() => (existsSync(path) ? undefined : `there is no ${path}`))
const program = (name: string) =>
  packaged(() => (findExecutable(name, process.env) === undefined ? `there is no ${name} in PATH` : undefined))
const pythonModule = (name: string) =>
  packaged(() => (pythonWith(name) === undefined ? `${PYTHON} cannot import ${name}` : undefined))
const cpython = (release: string): Part => ({
  lacks: () => (pythonOf(release) === undefined ? `there is no CPython ${release} in /usr/bin or of pyenv` : undefined),
  bringsIt: `pyenv install ${release}`,
  isInCi: () => false,
})
/** A virtual environment of scripts/frameworks.sh. */
const framework = (environment: string, argument = ''): Part => ({
  lacks: () => {
    const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
    const folder = join(cache, 'tidemark/frameworks', environment)
    if (!existsSync(join(folder, 'requirements.txt'))) return `there is no ${folder}`
    // Its interpreter may lie in a home that others cannot read.
    return succeeds(join(folder, 'bin/python'), '-c', '') ? undefined : `this user cannot run the Python of ${folder}`
  },
  bringsIt: `bash scripts/frameworks.sh${argument}`,
  isInCi: () => argument === '',
})
const machine = (lacks: Part['lacks'], isInCi = () => false): Part => ({ lacks, bringsIt: null, isInCi })

const PARTS = {
  jemalloc: allocator('jemalloc'),
  mimalloc: allocator('mimalloc'),
  tcmalloc: allocator('tcmalloc'),
  'C compiler': packaged(lackOfCompiler),
  koffi: packaged(() => {
    const native = loadNativeLibrary()
    return native.kind === 'absent' ? native.problem : undefined
  }),
  Chromium: fileAt(CHROMIUM),
  mprof: fileAt(MPROF),
  matplotlib: { ...pythonModule('pylab'), bringsIt: 'apt-get install python3-matplotlib', isInCi: () => false },
  pandas: pythonModule('pandas'),
  otava: { ...program('otava'), bringsIt: 'pip install apache-otava==0.8.0', isInCi: () => false },
  duckdb: { ...pythonModule('duckdb'), bringsIt: 'pip install duckdb', isInCi: () => false },
  promtool: program('promtool'),
  zsh: program('zsh'),
  fish: program('fish'),
  prometheus: program('prometheus'),
  openssl: program('openssl'),
  'CPython 3.9': cpython('3.9'),
  'CPython 3.10': cpython('3.10'),
  'CPython 3.11': cpython('3.11'),
  'CPython 3.12': cpython('3.12'),
  'CPython 3.13': cpython('3.13'),
  pytest: framework('pytest-9.2'),
  memray: framework('memray-1.20'),
  'memray 1.7': framework('memray-1.7', ' all'),
  gunicorn: framework('gunicorn-27', ' all'),
  NVFlare: framework('nvflare-2.9'),
  Flower: framework('flower-1.42'),
  'NVFlare 2.6': framework('nvflare-2.6', ' all'),
  'Flower 1.5': framework('flower-1.5', ' all'),
  'every form of a framework': {
    lacks: () => (process.env.TIDEMARK_TEST_FRAMEWORKS === 'all' ? undefined : 'it takes some ten minutes'),
    bringsIt: 'npm run test:frameworks',
    isInCi: () => false,
  },
  root: machine(
    () => (isRoot ? undefined : 'this user is not root'),
    () => false,
  ),
  'a user who is not root': machine(lackOfPlainUser, () => isRoot),
  mounts: machine(lackOfMounts, () => isRoot),
  'loop devices': machine(lackOfLoopDevices),
  'memory cgroup': machine(lackOfMemoryCgroup),
  swap: machine(lackOfSwap),
  'huge pages': machine(() => {
    const file = '/sys/kernel/mm/transparent_hugepage/enabled'
    const has = existsSync(file) && !readFileSync(file, 'utf8').includes('[never]')
    return has ? undefined : 'this kernel has none'
  }),
  'a pool of huge pages': machine(lackOfHugePagePool),
  tmpfs: machine(() => (statfsSync('/dev/shm').type === 0x01021994 ? undefined : '/dev/shm is no tmpfs')),
} satisfies Record<string, Part>

export type PartName = keyof typeof PARTS

/** What CI runs once more as root, after all tests as a user who is not (scripts/ci.mjs): vitest.config.ts declares the tag. */
const TAG_OF_RIGHTS = 'rights'
const RIGHTS: PartName[] = ['root', 'swap', 'a pool of huge pages', 'a user who is not root', 'mounts', 'memory cgroup']

const known = new Map<PartName, string | undefined>()

/** Why a part cannot be used here; undefined where it can. */
export function lackOf(name: PartName): string | undefined {
  if (!known.has(name)) known.set(name, PARTS[name].lacks())
  return known.get(name)
}

/** Options of a test or a suite that needs these parts: it is left out, with the reasons, where one is missing. */
export function needs(...names: PartName[]): TestOptions {
  const leftOut = missingOf(names)
  const tags = names.some((name) => RIGHTS.includes(name)) ? [TAG_OF_RIGHTS] : []
  return leftOut.length === 0 ? { tags } : { tags, skip: true, meta: { leftOut } }
}

/** The same for a test that finds out on the way, or needs them for its rest alone. */
export function leaveOutWithout(context: TestContext, ...names: PartName[]): void {
  const leftOut = missingOf(names)
  if (leftOut.length === 0) return
  context.task.meta.leftOut = leftOut
  context.skip(leftOut.map(({ part, why }) => `${part}: ${why}`).join('; '))
}

/** A Python that has this module: the usual one, or one of those that TIDEMARK_TEST_PYTHON names with colons between them. */
export function pythonWith(module: string): string | undefined {
  const others = (process.env.TIDEMARK_TEST_PYTHON ?? '').split(':').filter((path) => path !== '')
  return [PYTHON, ...others].find((path) => succeeds(path, '-c', `import ${module}`))
}

function missingOf(names: PartName[]): LeftOut[] {
  const missing = names.flatMap((part) => {
    const why = lackOf(part)
    return why === undefined ? [] : [{ part, why, bringsIt: PARTS[part].bringsIt }]
  })
  const wanted = process.env.CI === 'true' && missing.find(({ part }) => PARTS[part].isInCi())
  if (!wanted) return missing
  const fix = wanted.bringsIt === null ? '' : `. Run: ${wanted.bringsIt}`
  throw new Error(`CI=true, and a test needs ${wanted.part}, which is missing here: ${wanted.why}${fix}`)
}

function lackOfCompiler(): string | undefined {
  if (!['cc', 'gcc', 'clang'].some((name) => findExecutable(name, process.env) !== undefined))
    return 'there is no cc, gcc or clang in PATH'
  const source = { input: '#include <stdio.h>\nint main(void) { return puts(""); }\n' }
  const built = spawnSync('cc', ['-x', 'c', '-o', '/dev/null', '-'], { ...source, encoding: 'utf8' })
  return built.status === 0 ? undefined : `cc cannot build a program: ${built.stderr.split('\n', 1)[0]}`
}

function lackOfPlainUser(): string | undefined {
  if (!isRoot) return undefined
  const script = 'mount -t tmpfs tmpfs /mnt && exec setpriv --reuid=65534 --regid=65534 --clear-groups "$0" --version'
  return succeeds('unshare', '--mount', 'sh', '-c', script, process.execPath)
    ? undefined
    : `root cannot mount, or not start ${process.execPath} as another user (unshare, setpriv)`
}

function lackOfMounts(): string | undefined {
  return succeeds('unshare', '-rm', 'sh', '-c', 'mount -t tmpfs tmpfs /mnt')
    ? undefined
    : 'unshare cannot make a mount namespace and mount in it'
}

/** Whether the kernel gives pages to hugetlbfs when it is asked. */
function lackOfHugePagePool(): string | undefined {
  const pool = '/proc/sys/vm/nr_hugepages'
  if (!isRoot || !existsSync(pool)) return 'this user is not root, or the kernel has no huge pages'
  const before = readFileSync(pool, 'utf8')
  try {
    writeFileSync(pool, '8')
    return Number(readFileSync(pool, 'utf8')) < 4 ? 'the kernel has no huge pages to give' : undefined
  } catch {
    return `${pool} cannot be written`
  } finally {
    try {
      writeFileSync(pool, before)
    } catch {} // as above
  }
}

/** Whether a file can be added to the swap here. */
function lackOfSwap(): string | undefined {
  if (!isRoot) return 'this user is not root'
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-swap-'))
  const file = join(folder, 'swap')
  try {
    const isMade = succeeds('dd', 'if=/dev/zero', `of=${file}`, 'bs=1M', 'count=1') && succeeds('mkswap', file)
    if (!isMade || !succeeds('swapon', file)) return 'swapon is refused here'
    return succeeds('swapoff', file) ? undefined : 'swapoff is refused here'
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function lackOfLoopDevices(): string | undefined {
  if (!isRoot) return 'this user is not root, and cannot mount an image'
  return succeeds('losetup', '--find') && findExecutable('mkfs.ext4', process.env) !== undefined
    ? undefined
    : 'there is no free loop device, or no mkfs.ext4'
}

function lackOfMemoryCgroup(): string | undefined {
  const folder = `/sys/fs/cgroup/memory/tidemark-part-${process.pid}`
  try {
    mkdirSync(folder)
    rmdirSync(folder)
    return undefined
  } catch {
    return 'this user cannot make a memory cgroup of version 1'
  }
}
