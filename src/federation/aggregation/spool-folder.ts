import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FolderLock, holderOf, lockFolder } from '../../linux/files/folder-lock.js'
import { makeFolder } from '../../linux/files/make-folder.js'
import { isOfThisMachine } from '../../linux/process/process-identity.js'
import { messageOf, systemErrorCode, TidemarkError, UsageError } from '../../shared/errors.js'
import { formatBytes } from '../../shared/units.js'

/** The lock file of the process that owns the folder. */
const OWNER = 'owner'

/** Prefix of the folders that this program names itself. */
const UNNAMED = 'tidemark-spool-'

/** Matches the files of a spool; no other file in the folder is touched. */
const OWN_FILE = /^(state|spare|round-\d+-\d+-\d+(-result-\d+)?)\.safetensors(\.part)?$/

/** f_type of file systems that are memory: tmpfs and ramfs (linux/magic.h). */
const MEMORY_FILE_SYSTEMS: Record<number, string> = { 16914836: 'tmpfs', 2240043254: 'ramfs' }

/** Error codes of a write without room, on the disk or in the user's quota. */
const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT'])

/** Error codes of a file system that refuses writes: read-only, in use, or broken. */
const UNWRITABLE: ReadonlySet<string> = new Set(['EROFS', 'EBUSY', 'EACCES', 'EPERM', 'EISDIR', 'EIO'])

/** Errors of a folder that belongs to another user or is being removed by another server. */
const LEFT_ALONE: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'ENOENT', 'ENOTEMPTY', 'ENOTDIR'])

/** Room left to other programs. */
const SPARE_BYTES = 16 * 2 ** 20

/** The folder of one server's spool. */
export class SpoolFolder {
  readonly path: string
  readonly #isNamed: boolean
  readonly #lock: FolderLock

  /**
   * Opens `--spool-dir`, or a temporary folder: in /var/tmp, which is on disk where /tmp is memory.
   * Throws UsageError where it cannot be made or belongs to another server.
   */
  static open(named: string | undefined): SpoolFolder {
    return named === undefined ? openUnnamed() : openNamed(named)
  }

  constructor(path: string, { isNamed, lock }: { isNamed: boolean; lock: FolderLock }) {
    this.path = path
    this.#isNamed = isNamed
    this.#lock = lock
  }

  pathOf(name: string): string {
    return join(this.path, name)
  }

  /** Lists the spool's files in the folder. */
  list(): string[] {
    return readdirSync(this.path).filter((name) => OWN_FILE.test(name))
  }

  clear(): void {
    for (const name of this.list()) rmSync(this.pathOf(name), { force: true })
  }

  /** Returns a warning about the folder as a sentence; undefined when there is none. */
  async warning(): Promise<string | undefined> {
    const { type } = await statfs(this.path)
    const memory = MEMORY_FILE_SYSTEMS[type]
    if (memory === undefined) return undefined
    return `the spool folder ${this.path} is on ${memory}, which is memory: what is spooled there counts as memory all the same. Give --spool-dir a folder on a disk.`
  }

  /**
   * Throws where a round of this many results of this size has no room.
   * @param reused bytes of files that will be overwritten
   */
  async assertRoom(results: number, modelBytes: number, reused = 0): Promise<void> {
    const needed = (results + 1) * modelBytes + SPARE_BYTES
    const { bavail, bsize } = await statfs(this.path)
    const available = bavail * bsize + reused
    if (available >= needed) return
    throw new TidemarkError(
      `the spool folder ${this.path} has ${formatBytes(available)} of free space, and a round of ${results} clients needs ${formatBytes(needed)}: a result of ${formatBytes(modelBytes)} from each and the next state`,
      { fix: 'Free some space, give --spool-dir a folder on a larger disk, or lower --sample.' },
    )
  }

  /**
   * Explains a full or unwritable disk for the person who runs the server; returns other errors
   * unchanged.
   */
  explain(error: unknown): unknown {
    const code = systemErrorCode(error) ?? ''
    if (UNWRITABLE.has(code) && (error as NodeJS.ErrnoException).path?.startsWith(this.path))
      return new TidemarkError(`the spool folder ${this.path} cannot be written: ${messageOf(error)}`, {
        fix: this.#isNamed
          ? 'Let the server write there, and start it again with --resume: results that were acknowledged are kept.'
          : 'Give --spool-dir a folder that stays writable.',
        cause: error,
      })
    if (!FULL.has(code)) return error
    return new TidemarkError(`the spool folder ${this.path} is full: ${messageOf(error)}`, {
      fix: this.#isNamed
        ? 'Free some space there, and start the server again with --resume: results that were acknowledged are kept.'
        : 'Free some space there, or give --spool-dir a folder on a larger disk.',
      cause: error,
    })
  }

  /** Where the server records what it needs after a restart. */
  get ledgerPath(): string {
    return this.pathOf('job.json')
  }

  /**
   * Removes the spool's files unless they are kept for a restart. A named folder stays, with its
   * other files.
   */
  close(keep: boolean): void {
    if (!keep || !this.#isNamed) {
      this.clear()
      rmSync(this.ledgerPath, { force: true })
    }
    this.#lock.release()
    if (!this.#isNamed) rmSync(this.path, { recursive: true, force: true })
  }
}

function openNamed(path: string): SpoolFolder {
  try {
    makeFolder(path)
    const attempt = lockFolder(path, OWNER)
    if (attempt.kind === 'taken') return new SpoolFolder(path, { isNamed: true, lock: attempt.lock })
    throw inUse(path, attempt)
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`the spool folder ${path} cannot be used: ${messageOf(error)}`, {
      fix: 'Give --spool-dir a folder that can be written, or that can be made.',
      cause: error,
    })
  }
}

function inUse(path: string, { by, isCertain }: { by: string; isCertain: boolean }): UsageError {
  if (isCertain)
    return new UsageError(`the spool folder ${path} is in use by the server with ${by}`, {
      fix: 'Give each server a --spool-dir of its own.',
    })
  return new UsageError(
    `the spool folder ${path} may be in use by the server with ${by}, which cannot be seen from here: its file system has no locks`,
    { fix: `Give each server a --spool-dir of its own; if that server has ended, remove ${join(path, OWNER)}.` },
  )
}

function openUnnamed(): SpoolFolder {
  const parent = process.env.TMPDIR ?? (isFolder('/var/tmp') ? '/var/tmp' : tmpdir())
  removeLeftOvers(parent)
  try {
    for (;;) {
      const path = mkdtempSync(join(parent, `${UNNAMED}${process.pid}-`))
      const attempt = lockFolder(path, OWNER)
      if (attempt.kind === 'taken') return new SpoolFolder(path, { isNamed: false, lock: attempt.lock })
    }
  } catch (error) {
    throw new UsageError(`no spool folder can be made in ${parent}: ${messageOf(error)}`, {
      fix: 'Give --spool-dir a folder that can be written.',
      cause: error,
    })
  }
}

/**
 * Removes folders that killed servers of this machine left behind. It leaves folders of other
 * machines, whose locks not every shared file system shows, and folders without an owner yet.
 */
function removeLeftOvers(parent: string): void {
  for (const name of readdirSync(parent)) {
    if (!name.startsWith(UNNAMED)) continue
    const path = join(parent, name)
    try {
      const holder = holderOf(path, OWNER)
      if (holder.kind === 'none' && holder.left !== undefined && isOfThisMachine(holder.left))
        rmSync(path, { recursive: true, force: true })
    } catch (error) {
      // Another user's folder is left to that user's servers.
      if (!LEFT_ALONE.has(systemErrorCode(error) ?? '')) throw error
    }
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}
