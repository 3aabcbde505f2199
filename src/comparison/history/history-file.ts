import { appendFileSync, existsSync } from 'node:fs'
import * as v from 'valibot'
import { readStoredText } from '../../recording/storage/stored-file.js'
import { messageOf, UsageError } from '../../shared/errors.js'
import { askGit, git } from '../refs/git.js'
import { type HistoryEntry, historySchema } from './history-entry.js'

/** Place of a history: a file that is committed, or notes on the commits. */
export type HistoryStore = { file: string } | { notesOf: string }

const NOTES = ['notes', '--ref=tidemark']

/**
 * Appends entries, one a line, so that two branches with new entries merge by taking both
 * (`merge=union`).
 */
export function addToHistory(store: HistoryStore, entries: readonly HistoryEntry[]): void {
  const lines = entries.map((entry) => JSON.stringify(entry))
  if ('file' in store) {
    try {
      appendFileSync(store.file, lines.map((line) => `${line}\n`).join(''))
    } catch (error) {
      throw new UsageError(`history: cannot write ${store.file}: ${messageOf(error)}`, { cause: error })
    }
    return
  }
  for (const [i, { commit }] of entries.entries())
    git(store.notesOf, [...identity(store.notesOf), ...NOTES, 'append', '-m', lines[i]!, commit])
}

/** Supplies an identity for git, which refuses to write a note without one, as in a pipeline. */
function identity(folder: string): string[] {
  const isKnown = askGit(folder, ['config', 'user.email']).code === 0
  return isKnown ? [] : ['-c', 'user.name=tidemark', '-c', 'user.email=tidemark']
}

/**
 * Reads the entries of a history, in the order of their commits' times.
 *
 * @throws UsageError when the file is missing, or a line is not an entry
 */
export function readHistory(store: HistoryStore): HistoryEntry[] {
  const entries = linesOf(store).map(({ line, where }) => parseEntry(line, where))
  return entries.sort((a, b) => a.committedMs - b.committedMs || a.measuredMs - b.measuredMs)
}

function linesOf(store: HistoryStore): { line: string; where: string }[] {
  if ('file' in store) {
    if (!existsSync(store.file))
      throw new UsageError(`there is no history ${store.file}`, {
        fix: 'Begin one: tidemark history add FOLDER, with the folder of a comparison.',
      })
    return split(readStoredText(store.file), store.file)
  }
  const { code, stdout } = askGit(store.notesOf, [...NOTES, 'list'])
  if (code !== 0 || stdout.trim() === '')
    throw new UsageError('there are no notes of a history (refs/notes/tidemark)', {
      fix: 'git fetch origin refs/notes/tidemark:refs/notes/tidemark brings those of others; tidemark history add FOLDER --notes begins them.',
    })
  return stdout
    .trim()
    .split('\n')
    .flatMap((one) => {
      const [note, commit] = one.split(' ')
      return split(git(store.notesOf, ['cat-file', 'blob', note!]), `the note of ${commit}`)
    })
}

function split(text: string, where: string): { line: string; where: string }[] {
  return text.split('\n').flatMap((line, i) => (line.trim() === '' ? [] : [{ line, where: `${where}, line ${i + 1}` }]))
}

function parseEntry(line: string, where: string): HistoryEntry {
  const fix = /^(<{7}|={7}|>{7})/.test(line)
    ? 'Take both sides of the conflict. A line "tidemark-history.ndjson merge=union" in .gitattributes has git do that.'
    : 'Take that line out.'
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    throw new UsageError(`${where}: found ${line.slice(0, 60)}, expected an entry of a history`, { fix, cause: error })
  }
  const parsed = v.safeParse(historySchema, value)
  if (parsed.success) return parsed.output
  const [issue] = parsed.issues
  throw new UsageError(
    `${where}: ${v.getDotPath(issue) ?? 'the entry'}: found ${issue.received}, expected ${issue.expected}`,
    { fix },
  )
}
