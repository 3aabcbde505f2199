import { randomBytes } from 'node:crypto'
import { realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative, resolve } from 'node:path'
import type { PlannedRef } from '../../results/comparison.js'
import { suggestWord } from '../../shared/did-you-mean.js'
import { UsageError } from '../../shared/errors.js'
import { askGit, git } from './git.js'
import { type RefsPlan, WORKTREE } from './refs-plan.js'

/** A git checkout. */
export interface Repository {
  /** Top folder of the checkout, absolute. */
  top: string
  /** Current folder relative to the top; empty at the top. */
  folder: string
}

/**
 * Finds the checkout that a folder is in.
 *
 * @throws UsageError when the folder is in no git checkout
 */
export function repositoryOf(folder: string): Repository {
  const { code, stdout, stderr } = askGit(folder, ['rev-parse', '--show-toplevel', '--show-prefix'])
  if (code !== 0) {
    const isForeign = stderr.includes('dubious ownership')
    throw new UsageError(
      isForeign
        ? `git does not read ${folder}, since it belongs to another user`
        : `${folder} is in no checkout of git, so it has no refs`,
      { fix: isForeign ? stderr.trim().split('\n').at(-1)!.trim() : 'Run this in a checkout of git.' },
    )
  }
  const [top, prefix = ''] = stdout.split('\n')
  if (top === undefined || top === '')
    throw new UsageError(`${folder} is a bare repository; refs are compared in a checkout`)
  return { top, folder: prefix.replace(/\/$/, '') }
}

/**
 * Resolves refs to their current commits.
 *
 * @throws UsageError when a ref does not exist, or two are the same commit
 */
function resolveRefs(repository: Repository, refs: readonly string[]): PlannedRef[] {
  const resolved = refs.map((ref) => resolveRef(repository, ref))
  for (const [place, one] of resolved.entries()) {
    const same = resolved.slice(0, place).find(({ commit }) => commit === one.commit)
    if (same !== undefined)
      throw new UsageError(
        `${same.ref} and ${one.ref} are the same commit, ${short(one)} (${one.subject}): there is nothing to compare`,
        { fix: isDirty(repository) ? 'What is not committed is compared as WORKTREE.' : 'Name another ref.' },
      )
  }
  return resolved
}

/**
 * Resolves a ref to its current commit.
 *
 * @throws UsageError when there is no such ref
 */
export function resolveRef(repository: Repository, ref: string): PlannedRef {
  if (ref === WORKTREE)
    return { ref, commit: snapshot(repository), subject: 'the checkout, with what is not committed' }
  const { top } = repository
  // In CI only the branch of the run is local.
  const commit = commitOf(top, ref) ?? commitOf(top, `origin/${ref}`)
  if (commit === undefined) throw noSuchRef(repository, ref)
  return { ref, commit, subject: git(top, ['log', '-1', '--format=%s', commit, '--']) }
}

function commitOf(top: string, ref: string): string | undefined {
  const { code, stdout } = askGit(top, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`])
  return code === 0 ? stdout.trim() : undefined
}

export function isShallow(top: string): boolean {
  return git(top, ['rev-parse', '--is-shallow-repository']) === 'true'
}

/**
 * Returns whether files differ from the last commit, or are new and not ignored.
 *
 * @param except files and folders that do not count
 */
export function isDirty({ top }: Repository, except: readonly string[] = []): boolean {
  const inside = except
    .map((path) => relative(top, pathInCheckout(path)))
    .filter((path) => !/^(\.\.(\/|$)|$)/.test(path))
  const excluded = inside.map((path) => `:(top,exclude,literal)${path}`)
  return git(top, ['status', '--porcelain', '--untracked-files=normal', '--', ':/', ...excluded]) !== ''
}

/** Returns the path without links, as git names the top folder. The file may not exist yet. */
function pathInCheckout(path: string): string {
  const full = resolve(path)
  try {
    return realpathSync(full)
  } catch {
    return full === '/' ? full : join(pathInCheckout(dirname(full)), basename(full))
  }
}

function noSuchRef({ top }: Repository, ref: string): UsageError {
  if (isShallow(top))
    return new UsageError(
      `there is no ref "${ref}" in this clone, which is shallow: it holds a part of the history alone`,
      {
        fix: 'git fetch --unshallow, or on GitHub actions/checkout with fetch-depth: 0, on GitLab GIT_DEPTH: 0.',
      },
    )
  const names = git(top, ['for-each-ref', '--format=%(refname:short)', 'refs/heads', 'refs/tags', 'refs/remotes'])
  const known = [...names.split('\n').filter((name) => name !== ''), 'HEAD', WORKTREE]
  return new UsageError(`there is no ref "${ref}" in ${top}`, {
    fix: known.length <= 40 ? suggestWord(ref, known) : 'git branch --all and git tag list them.',
  })
}

/** A fixed author, so that the same files give the same commit and are built once. */
const AUTHOR = {
  GIT_AUTHOR_NAME: 'tidemark',
  GIT_AUTHOR_EMAIL: 'tidemark',
  GIT_AUTHOR_DATE: '2000-01-01T00:00:00Z',
  GIT_COMMITTER_NAME: 'tidemark',
  GIT_COMMITTER_EMAIL: 'tidemark',
  GIT_COMMITTER_DATE: '2000-01-01T00:00:00Z',
}

/**
 * Commits the checkout as it is, with changed and new files but without ignored ones. The commit
 * uses its own index and belongs to no branch; the user's index and files stay as they are.
 */
function snapshot({ top }: Repository): string {
  const index = join(tmpdir(), `tidemark-index-${randomBytes(6).toString('hex')}`)
  const environment = { GIT_INDEX_FILE: index, ...AUTHOR }
  try {
    git(top, ['read-tree', 'HEAD'], environment)
    git(top, ['add', '--all', '--', '.'], environment)
    const tree = git(top, ['write-tree'], environment)
    return git(top, ['commit-tree', tree, '-p', 'HEAD', '-m', 'The checkout, with what is not committed'], environment)
  } finally {
    rmSync(index, { force: true })
  }
}

/** Shortens a commit for messages. */
export function short({ commit }: Pick<PlannedRef, 'commit'>): string {
  return commit.slice(0, 10)
}

/** Makes the part of a plan that describes refs. */
export function planRefs(
  refs: readonly string[],
  { build, buildDeadlineMs }: { build: string | undefined; buildDeadlineMs: number },
): RefsPlan {
  const repository = repositoryOf(process.cwd())
  return {
    repository: repository.top,
    folder: repository.folder,
    build: build ?? null,
    buildDeadlineMs,
    refs: resolveRefs(repository, refs),
    notes: [],
  }
}
