import type { PlannedRef } from '../../results/comparison.js'
import { UsageError } from '../../shared/errors.js'
import { askGit, git } from '../refs/git.js'
import { isShallow, type Repository, resolveRef, short } from '../refs/resolve-refs.js'

/**
 * Returns the commits from a good one to a bad one, both included, the good one first. Their refs
 * are their first ten digits.
 *
 * @param areAllParents whether to include the commits of merged branches, in the order of `git log
 *   --topo-order`
 * @throws UsageError when the good commit is not an ancestor of the bad one
 */
export function commitsBetween(
  repository: Repository,
  good: string,
  bad: string,
  areAllParents: boolean,
): PlannedRef[] {
  const [first, last] = [resolveRef(repository, good), resolveRef(repository, bad)]
  const { top } = repository
  if (first.commit === last.commit)
    throw new UsageError(`bisect: ${good} and ${bad} are the same commit, ${short(first)} (${first.subject})`, {
      fix: 'Name a good commit before the bad one.',
    })
  if (askGit(top, ['merge-base', '--is-ancestor', first.commit, last.commit]).code !== 0) {
    if (isShallow(top))
      throw new UsageError(`bisect: this clone is shallow, and the commits from ${good} to ${bad} are not in it`, {
        fix: 'git fetch --unshallow, or on GitHub actions/checkout with fetch-depth: 0, on GitLab GIT_DEPTH: 0.',
      })
    const base = askGit(top, ['merge-base', first.commit, last.commit]).stdout.trim()
    throw new UsageError(`bisect: ${good} (${short(first)}) is no ancestor of ${bad} (${short(last)})`, {
      fix:
        base === ''
          ? 'They have no commit in common.'
          : `They part at ${base.slice(0, 10)}: --good ${base.slice(0, 10)}, if it is good there.`,
    })
  }
  const order = areAllParents ? ['--topo-order'] : ['--first-parent']
  const listed = git(top, ['log', '--reverse', ...order, '--format=%H %s', `${first.commit}..${last.commit}`, '--'])
  const commits = listed.split('\n').map((line) => {
    const commit = line.slice(0, line.indexOf(' '))
    return { ref: commit.slice(0, 10), commit, subject: line.slice(commit.length + 1) }
  })
  return [{ ...first, ref: first.commit.slice(0, 10) }, ...commits]
}
