import { copyFileSync, existsSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { makeFolder } from '../../linux/files/make-folder.js'
import type { PlannedRef } from '../../results/comparison.js'
import { UsageError } from '../../shared/errors.js'
import { printable } from '../../shared/printable.js'
import { type CommandPlan, templatesOf } from '../plan/command-plan.js'
import { askGit } from './git.js'
import { movedInto } from './ref-environment.js'
import { type RefsPlan, treeOf } from './refs-plan.js'

/**
 * Refuses absolute paths into the checkout.
 *
 * @throws UsageError when a command names a file of the checkout by its absolute path: every ref
 *   would run the same file
 */
export function refusePathsIntoCheckout(plan: RefsPlan, workload: CommandPlan): void {
  for (const { key, text } of templatesOf(workload)) {
    if (key === 'cwd') continue
    const found = wordsOf(text).find((word) => isAbsolute(word) && !relative(plan.repository, word).startsWith('..'))
    if (found !== undefined)
      throw new UsageError(`--refs: ${key} names ${found} by its whole path, which is the same file at every ref`, {
        fix: `Write it as it is named from the current folder: ${relative(join(plan.repository, plan.folder), found) || '.'}`,
      })
  }
}

/**
 * Copies files of the job that a ref lacks from the checkout, because a measuring script is often
 * newer than what it measures. Files that git ignores are left out: the build makes them.
 *
 * @returns notes for the reader
 */
export function bringJobFiles(plan: RefsPlan, workload: CommandPlan, { ref }: PlannedRef): string[] {
  const tree = treeOf(plan, ref)
  const from = folderOfCommands(plan, workload, plan.repository)
  const to = folderOfCommands(plan, workload, tree)
  const named = [workload.command, workload.load, workload.setup, workload.teardown].flatMap((line) =>
    line === null ? [] : [line].flat().flatMap(wordsOf),
  )
  const missing = [...new Set(named)].filter(
    (word) => isFileOf(plan, from, word) && !existsSync(resolve(to, word)) && inside(tree, resolve(to, word)),
  )
  for (const word of missing) {
    makeFolder(dirname(resolve(to, word)))
    copyFileSync(resolve(from, word), resolve(to, word))
  }
  return missing.map((word) => `${printable(ref)} has no ${printable(word)}: that of the checkout is used for it.`)
}

/**
 * Notes if a ref lacks the job's file or has a different one: the checkout's counts for all refs.
 */
export function noteOfSuite(plan: RefsPlan, source: string | undefined, { ref, commit }: PlannedRef): string[] {
  if (source === undefined) return []
  const path = relative(plan.repository, resolve(join(plan.repository, plan.folder), source))
  if (path.startsWith('..')) return []
  const there = askGit(plan.repository, ['rev-parse', '--verify', '--quiet', `${commit}:${path}`])
  if (there.code !== 0)
    return [`${printable(ref)} has no ${printable(source)}: the job of the checkout is used for it.`]
  const here = askGit(plan.repository, ['hash-object', '--', path])
  return here.stdout.trim() === there.stdout.trim()
    ? []
    : [`${printable(ref)} has another ${printable(source)}: the job of the checkout is used for every ref.`]
}

/** Returns the folder in which commands run, in the checkout or in the files of a ref. */
export function folderOfCommands(plan: RefsPlan, { cwd }: Pick<CommandPlan, 'cwd'>, tree: string): string {
  const folder = resolve(tree, plan.folder)
  return cwd === null ? folder : resolve(folder, movedInto(tree, plan.repository, cwd))
}

function wordsOf(text: string): string[] {
  return text.split(/[\s'"=;&|<>()]+/).filter((word) => word !== '' && !word.startsWith('-'))
}

function isFileOf(plan: RefsPlan, from: string, word: string): boolean {
  const path = resolve(from, word)
  if (isAbsolute(word) || !inside(plan.repository, path)) return false
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false
  const listed = askGit(plan.repository, ['ls-files', '--cached', '--others', '--exclude-standard', '--', path])
  return listed.code === 0 && listed.stdout !== ''
}

function inside(folder: string, path: string): boolean {
  const from = relative(folder, path)
  return from !== '' && !from.startsWith('..') && !isAbsolute(from)
}
