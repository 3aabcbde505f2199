import { relative, resolve } from 'node:path'
import { GIT_ENVIRONMENT } from './git.js'
import type { RefsPlan } from './refs-plan.js'

/**
 * Lists of folders in which programs and libraries are searched. `npx` adds the checkout's own to
 * PATH.
 */
const PATHS = ['PATH', 'PYTHONPATH', 'NODE_PATH', 'LD_LIBRARY_PATH', 'VIRTUAL_ENV']

/**
 * Returns the variables to change for a program that runs in the files of a ref: folders of the
 * checkout become those of the ref.
 */
export function environmentIn(
  { repository }: Pick<RefsPlan, 'repository'>,
  tree: string,
): Record<string, string | undefined> {
  const moved = PATHS.flatMap((name) => {
    const value = process.env[name]
    return value === undefined
      ? []
      : [
          [
            name,
            value
              .split(':')
              .map((part) => movedInto(tree, repository, part))
              .join(':'),
          ],
        ]
  })
  return { ...GIT_ENVIRONMENT, ...Object.fromEntries(moved) }
}

/**
 * Maps a path in the checkout to the same path in the files of a ref; leaves any other as it is.
 */
export function movedInto(tree: string, repository: string, path: string): string {
  if (!path.startsWith('/')) return path
  const inside = relative(repository, path)
  return inside.startsWith('..') ? path : resolve(tree, inside)
}
