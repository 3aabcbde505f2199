import { createHash } from 'node:crypto'
import { basename, join } from 'node:path'
import * as v from 'valibot'
import { cacheFolder } from '../../linux/native/compile-library.js'
import type { PlannedRef } from '../../results/comparison.js'

/** The ref that stands for the checkout as it is, with uncommitted changes. */
export const WORKTREE = 'WORKTREE'

/** Git refs as an axis, and how each is built. It is plain JSON, part of a plan. */
export interface RefsPlan {
  /** Top folder of the checkout, absolute. */
  repository: string
  /** Folder in it in which commands run, relative; empty for the top. */
  folder: string
  /** Build command for /bin/sh; null for no build. */
  build: string | null
  buildDeadlineMs: number
  refs: PlannedRef[]
  /** Notes for the reader about the refs. */
  notes: string[]
}

export const refsSchema = v.strictObject({
  repository: v.string(),
  folder: v.string(),
  build: v.nullable(v.string()),
  buildDeadlineMs: v.number(),
  notes: v.optional(v.array(v.string()), []),
  refs: v.array(
    v.strictObject({ ref: v.string(), commit: v.pipe(v.string(), v.regex(/^[0-9a-f]{40,64}$/)), subject: v.string() }),
  ),
})

/** Returns the folder of one repository's checkouts, outside the repository. */
export function checkoutsFolder({ repository }: Pick<RefsPlan, 'repository'>): string {
  return join(cacheFolder(process.env), 'refs', `${basename(repository)}-${shortHash(repository)}`)
}

/**
 * Returns the folder of a commit as this plan builds it: the same for the same commit and command,
 * so that it is built once.
 */
export function checkoutFolder(plan: RefsPlan, commit: string): string {
  return join(checkoutsFolder(plan), `${commit.slice(0, 12)}-${shortHash(plan.build ?? '')}`)
}

/** Returns the folder with the files of a ref. */
export function treeOf(plan: RefsPlan, ref: string): string {
  const found = plan.refs.find((one) => one.ref === ref)
  if (found === undefined) throw new RangeError(`the plan has no ref "${ref}"`)
  return join(checkoutFolder(plan, found.commit), 'tree')
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8)
}
