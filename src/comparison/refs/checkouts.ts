import { existsSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type FolderLock, lockFolder } from '../../linux/files/folder-lock.js'
import { makeFolder } from '../../linux/files/make-folder.js'
import type { PlannedRef } from '../../results/comparison.js'
import { messageOf, systemErrorCode, TargetError, UsageError } from '../../shared/errors.js'
import { printable } from '../../shared/printable.js'
import { formatDuration } from '../../shared/units.js'
import { runBuildStep } from './build-step.js'
import { GIT_ENVIRONMENT, git, WITHOUT_HOOKS } from './git.js'
import { environmentIn } from './ref-environment.js'
import { checkoutFolder, checkoutsFolder, type RefsPlan } from './refs-plan.js'
import { short } from './resolve-refs.js'
import { removeCheckout, sweepCheckouts, USE_LOCK } from './sweep-checkouts.js'

export interface CheckoutOptions {
  signal?: AbortSignal | undefined
  /** Called with each event, a line each: a ref is checked out, built, or taken from the cache. */
  onNote?: ((note: string) => void) | undefined
}

/**
 * Provides the files of commits, each in its own git worktree outside the checkout, built by the
 * plan's command. Builds of the same commit by the same command come from the user's cache.
 *
 * A worktree belongs to one process until {@link Checkouts.release}. Then built files stay in the
 * cache as plain files, up to a number, and the rest is removed. The next process removes what a
 * killed one left behind.
 */
export class Checkouts {
  readonly #plan: RefsPlan
  readonly #options: CheckoutOptions
  readonly #held = new Map<string, FolderLock>()

  /** @throws UsageError when the cache cannot be written */
  constructor(plan: RefsPlan, options: CheckoutOptions) {
    this.#plan = plan
    this.#options = options
    asked(() => makeFolder(checkoutsFolder(plan), 0o700), checkoutsFolder(plan))
    sweepCheckouts(checkoutsFolder(plan))
  }

  /**
   * Checks a commit out and builds it. Nothing may be measured meanwhile.
   *
   * @returns notes for the reader about its files
   * @throws TargetError when it cannot be checked out or built, with the last lines of its log
   */
  async prepare(planned: PlannedRef): Promise<string[]> {
    const folder = checkoutFolder(this.#plan, planned.commit)
    if (this.#held.has(folder)) return []
    this.#held.set(folder, lockCheckout(folder, planned))
    const tree = join(folder, 'tree')
    const who = describe(planned)
    if (existsSync(join(folder, BUILT)) && existsSync(tree)) {
      this.#options.onNote?.(`${who}: built before, taken from ${folder}`)
      attach(this.#plan, folder, planned)
    } else {
      rmSync(tree, { recursive: true, force: true })
      await this.#checkOut(folder, planned)
      await this.#build(folder, planned)
    }
    return pointersOfLfs(tree, planned)
  }

  async #checkOut(folder: string, planned: PlannedRef): Promise<void> {
    const log = join(folder, 'checkout.log')
    rmSync(log, { force: true })
    const { signal } = this.#options
    const tree = join(folder, 'tree')
    const step = (command: string[], cwd: string) =>
      runBuildStep({
        label: `the checkout of ${describe(planned)}`,
        command: ['git', ...WITHOUT_HOOKS, ...command],
        environment: GIT_ENVIRONMENT,
        cwd,
        log,
        deadlineMs: this.#plan.buildDeadlineMs,
        signal,
      })
    await step(['worktree', 'add', '--force', '--detach', tree, planned.commit], this.#plan.repository)
    if (!existsSync(join(tree, '.gitmodules'))) return
    try {
      await step(['submodule', 'update', '--init', '--recursive'], tree)
    } catch (error) {
      if (!(error instanceof TargetError)) throw error
      throw new TargetError(`${describe(planned)} has submodules that cannot be fetched: ${error.message}`, {
        fix: 'Let git reach them, for example with submodules: true and a token in actions/checkout.',
        cause: error,
      })
    }
  }

  async #build(folder: string, planned: PlannedRef): Promise<void> {
    const { build, buildDeadlineMs } = this.#plan
    if (build === null) return
    this.#options.onNote?.(`${describe(planned)}: building`)
    const log = join(folder, 'build.log')
    rmSync(log, { force: true })
    const startedMs = performance.now()
    await runBuildStep({
      label: `the build of ${describe(planned)}`,
      command: ['/bin/sh', '-c', build],
      environment: environmentIn(this.#plan, join(folder, 'tree')),
      cwd: join(folder, 'tree', this.#plan.folder),
      log,
      deadlineMs: buildDeadlineMs,
      signal: this.#options.signal,
    })
    writeFileSync(join(folder, BUILT), `${planned.commit}\n${build}\n`)
    this.#options.onNote?.(`${describe(planned)}: built in ${formatDuration(performance.now() - startedMs)}`)
  }

  /** Removes the worktrees; built files stay in the cache. */
  release(): void {
    for (const [folder, lock] of this.#held) {
      removeCheckout(folder)
      lock.release()
    }
    this.#held.clear()
  }
}

/** File in a checkout's folder that marks a successful build. */
const BUILT = 'built'

/** Describes a ref: `main (1a2b3c4d5e, Mend the cache)`. */
function describe(planned: PlannedRef): string {
  const isCommit = planned.commit.startsWith(planned.ref)
  return printable(`${planned.ref} (${isCommit ? '' : `${short(planned)}, `}${planned.subject})`)
}

function lockCheckout(folder: string, planned: PlannedRef): FolderLock {
  const attempt = asked(() => {
    makeFolder(folder, 0o700)
    return lockFolder(folder, USE_LOCK)
  }, folder)
  if (attempt.kind === 'taken') return attempt.lock
  throw new UsageError(`the checkout of ${describe(planned)} in ${folder} is in use by ${attempt.by}`, {
    fix: 'Two measurements at a time would disturb each other. Wait until that one has ended.',
  })
}

function asked<T>(work: () => T, folder: string): T {
  try {
    return work()
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    throw new UsageError(`cannot make ${folder} for the checkouts of refs: ${messageOf(error)}`, {
      fix: 'Set XDG_CACHE_HOME to a folder that can be written.',
      cause: error,
    })
  }
}

/**
 * Makes a worktree of files that were built before: git's part of it is made elsewhere and moved
 * in.
 */
function attach(plan: RefsPlan, folder: string, { commit }: PlannedRef): void {
  const [tree, part] = [join(folder, 'tree'), join(folder, 'part')]
  rmSync(part, { recursive: true, force: true })
  git(plan.repository, ['worktree', 'add', '--force', '--detach', '--no-checkout', part, commit])
  const link = readFileSync(join(part, '.git'), 'utf8')
  renameSync(join(part, '.git'), join(tree, '.git'))
  rmSync(part, { recursive: true, force: true })
  const own = resolve(part, link.replace(/^gitdir: /, '').trim())
  writeFileSync(join(own, 'gitdir'), `${join(tree, '.git')}\n`)
  git(tree, ['reset', '--quiet'])
  utimesSync(folder, new Date(), new Date())
}

/**
 * Warns of large files that are Git LFS pointers, short texts in their place: git-lfs is missing,
 * or its server did not answer.
 */
function pointersOfLfs(tree: string, planned: PlannedRef): string[] {
  if (!existsSync(join(tree, '.gitattributes'))) return []
  if (!readFileSync(join(tree, '.gitattributes'), 'utf8').includes('filter=lfs')) return []
  let found: string[]
  try {
    found = git(tree, ['grep', '-l', '-I', '-e', '^version https://git-lfs.github.com/spec/v1$']).split('\n')
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    return [] // git grep exits with 1 where it finds none
  }
  const some = `${found.slice(0, 3).join(', ')}${found.length > 3 ? ', ...' : ''}`
  return [
    `${describe(planned)} holds ${found.length} pointers of Git LFS in place of files (${printable(some)}). Install git-lfs and run git lfs install, if the job reads them.`,
  ]
}
