import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemErrorCode } from '../../shared/errors.js'
import { findExecutable } from '../files/executable.js'
import { type CgroupPlace, findCgroup, readCgroupPeak } from '../memory/cgroup.js'

/** A memory cgroup for one command, and how the command enters it. */
export interface OwnCgroup {
  kind: 'made'
  /** Its folder, to be removed after the command; null where systemd removes it. */
  folder: string | null
  /** Words to put before the command. They end by becoming it, with the same pid. */
  prefix: readonly string[]
  /**
   * Returns the cgroup of the command, which may have ended; undefined while the command is not in
   * a cgroup of its own.
   */
  placeOf(pid: number): CgroupPlace | undefined
  /** Removes the cgroup. Fails silently while a process is still in it. */
  remove(): void
}

export interface NoCgroup {
  kind: 'refused'
  /** What stands in the way, as a clause. */
  why: string
}

/**
 * Makes a memory cgroup for a command. Where systemd runs, it owns the hierarchy, so `systemd-run
 * --scope` makes the cgroup. Elsewhere it is a child of our own cgroup (version 1), or a sibling of
 * it (version 2, where a cgroup with processes has no children with memory).
 *
 * @param name of the cgroup, unique on this machine
 */
export function makeOwnCgroup(name: string, environment: NodeJS.ProcessEnv = process.env): OwnCgroup | NoCgroup {
  const scope = systemdScope(name, environment)
  if (scope !== undefined) return scope
  const own = findCgroup('self')
  if (own === undefined) return { kind: 'refused', why: 'this process is in no memory cgroup' }
  let why = ''
  for (const parent of parentsFor(own)) {
    const folder = join(parent, name)
    const problem = makeIn(parent, folder, own.version)
    if (problem === undefined) return joined({ ...own, folder })
    why = problem
  }
  return { kind: 'refused', why }
}

/**
 * Returns the cgroups to try as the parent. A sibling of our own cgroup is an option only where
 * ours has no limit, because the command would escape it.
 */
function parentsFor({ version, mountPoint, folder }: CgroupPlace): string[] {
  if (version === 1 || folder === mountPoint) return [folder]
  const isLimited = readText(join(folder, 'memory.max'))?.trim() !== 'max'
  return isLimited ? [folder] : [folder, join(folder, '..')]
}

/**
 * Makes the cgroup.
 * @returns what stands in the way; undefined when the cgroup exists
 */
function makeIn(parent: string, folder: string, version: 1 | 2): string | undefined {
  try {
    mkdirSync(folder)
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === undefined) throw error
    const reasons: Record<string, string> = {
      EROFS: 'the cgroup file system is mounted read-only, as in most containers',
      EACCES: `this user may not make a cgroup in ${parent}`,
      EPERM: `this user may not make a cgroup in ${parent}`,
    }
    return reasons[code] ?? `${folder} cannot be made (${code})`
  }
  if (version === 1 || existsSync(join(folder, 'memory.current')) || enableMemory(parent, folder)) return undefined
  rmdirSync(folder)
  return `cgroups in ${parent} have no memory controller, and it cannot be switched on there`
}

function enableMemory(parent: string, folder: string): boolean {
  try {
    writeFileSync(join(parent, 'cgroup.subtree_control'), '+memory')
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return false // EBUSY: the parent has processes of its own
  }
  return existsSync(join(folder, 'memory.current'))
}

/**
 * Shell script that moves itself into the cgroup, so that all of the command's memory is charged
 * there, and then becomes the command, even if the move failed.
 */
const JOIN = '{ echo $$ >"$0/cgroup.procs"; } 2>/dev/null; exec "$@"'

function joined(place: CgroupPlace): OwnCgroup {
  return {
    kind: 'made',
    folder: place.folder,
    prefix: ['/bin/sh', '-c', JOIN, place.folder],
    placeOf: (pid) => (isIn(pid, place.folder) || (readCgroupPeak(place) ?? 0) > 0 ? place : undefined),
    remove: () => {
      try {
        rmdirSync(place.folder)
      } catch (error) {
        if (systemErrorCode(error) === undefined) throw error // EBUSY: processes that the command left are in it
      }
    },
  }
}

function isIn(pid: number, folder: string): boolean {
  return (readText(join(folder, 'cgroup.procs')) ?? '').split('\n').includes(String(pid))
}

/** Folder that exists when systemd was booted (sd_booted(3)). */
const BOOTED = '/run/systemd/system'

function systemdScope(name: string, environment: NodeJS.ProcessEnv): OwnCgroup | undefined {
  const program = existsSync(BOOTED) ? findExecutable('systemd-run', environment) : undefined
  if (program === undefined) return undefined
  const manager = process.getuid?.() === 0 ? '--system' : '--user'
  const scope = [program, '--scope', '--quiet', '--collect', manager, '--property=MemoryAccounting=yes']
  // Try it first: without a session bus it fails, and the command would not run.
  if (
    spawnSync(program, [...scope.slice(1), '--', 'true'], { stdio: 'ignore', env: environment, timeout: 5000 })
      .status !== 0
  )
    return undefined
  const unit = `${name}.scope`
  return {
    kind: 'made',
    folder: null,
    prefix: [...scope, `--unit=${unit}`, '--'],
    placeOf: (pid) => {
      const place = findCgroup(pid)
      return place?.folder.endsWith(`/${unit}`) ? place : undefined
    },
    remove: () => {}, // systemd does it when the scope is empty
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return undefined
  }
}
