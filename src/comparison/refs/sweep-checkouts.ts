import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { lockFolder } from '../../linux/files/folder-lock.js'
import { systemErrorCode } from '../../shared/errors.js'

/** Lock file of the process that a checkout belongs to. */
export const USE_LOCK = 'use.lock'

/**
 * Most builds of one repository that stay in the cache. A search over a thousand commits takes ten.
 */
const MOST_BUILDS = 12

/** Removes what ended processes left behind, and the oldest builds beyond the limit. */
export function sweepCheckouts(checkouts: string): void {
  const folders = readdirSync(checkouts)
    .map((name) => join(checkouts, name))
    .sort((a, b) => modified(b) - modified(a))
  for (const [place, folder] of folders.entries()) {
    const lock = lockedIfThere(folder)
    if (lock === undefined) continue
    removeCheckout(folder)
    if (place >= MOST_BUILDS) rmSync(folder, { recursive: true, force: true })
    lock.release()
  }
}

/** Returns undefined if the folder is in use, or was just removed by another process. */
function lockedIfThere(folder: string) {
  try {
    const attempt = lockFolder(folder, USE_LOCK)
    return attempt.kind === 'taken' ? attempt.lock : undefined
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return undefined
    throw error
  }
}

/**
 * Removes a worktree from git's list, and its files unless they were built. The caller must hold
 * the lock.
 */
export function removeCheckout(folder: string): void {
  for (const name of ['tree', 'part']) forget(join(folder, name))
  rmSync(join(folder, 'part'), { recursive: true, force: true })
  if (!existsSync(join(folder, 'built'))) rmSync(folder, { recursive: true, force: true })
}

/**
 * Removes one of our worktrees from git's list: its `.git` names git's folder for it, which names
 * it back. `git worktree prune` would also remove the user's worktrees on a disk that is not
 * mounted now.
 */
function forget(tree: string): void {
  const link = join(tree, '.git')
  const text = readIfThere(link)
  if (text === undefined) return
  const entry = resolve(tree, text.replace(/^gitdir: /, '').trim())
  if (readIfThere(join(entry, 'gitdir'))?.trim() === link) rmSync(entry, { recursive: true, force: true })
  rmSync(link, { force: true })
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (['ENOENT', 'EISDIR', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return undefined
    throw error
  }
}

function modified(folder: string): number {
  return statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0
}
