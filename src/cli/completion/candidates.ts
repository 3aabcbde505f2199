import { ALL } from '../../comparison/definition/suite.js'
import { jobAlgorithm } from '../../options/roles.js'
import type { OptionSpec } from '../../options/types/spec.js'
import { ROUND_PRESETS } from '../../recording/rounds/log/round-log-presets.js'
import { comparisonsHere } from '../folders/comparisons-here.js'
import type { Command } from '../parsing/command.js'
import { verbs } from '../parsing/verbs.js'
import { recordingsHere } from '../recordings-in-folder.js'
import { SHELLS } from './scripts.js'

/** A word that may come next, and its description. */
export interface Candidate {
  word: string
  note: string
}

/**
 * Returns the words that may end a command line. There are none where a file may stand; the shell
 * then offers files.
 *
 * @param words the preceding words, without `tidemark`
 * @param current the word being typed, perhaps empty
 */
export async function candidates(words: readonly string[], current: string): Promise<Candidate[]> {
  const [verb, ...before] = words
  const found = verb === undefined ? await verbCandidates() : await wordCandidates(verb, before, current)
  return found.filter(({ word }) => word.startsWith(current))
}

async function verbCandidates(): Promise<Candidate[]> {
  const commands = await Promise.all(Object.values(verbs).map(async (load) => (await load()).command))
  return [
    ...commands.map(({ verb, summary }) => ({ word: verb, note: summary })),
    { word: '--help', note: 'Show the verbs.' },
    { word: '--version', note: 'Print the version.' },
  ]
}

async function wordCandidates(verb: string, before: readonly string[], current: string): Promise<Candidate[]> {
  const load = verbs[verb]
  if (load === undefined || before.includes('--')) return []
  const { command } = await load()
  const specs = Object.values(command.options)
  const [, flag = ''] = /^--([\w-]+)=/.exec(current) ?? []
  if (flag !== '')
    return valuesOf(specFor(specs, `--${flag}`)).map((one) => ({ ...one, word: `--${flag}=${one.word}` }))
  const asked = specFor(specs, before.at(-1) ?? '')
  if (asked !== undefined && asked.placeholder !== '') return valuesOf(asked)
  if (current.startsWith('-')) return flagsOf(specs)
  return argumentCandidates(command)
}

function specFor(specs: readonly OptionSpec<unknown>[], word: string): OptionSpec<unknown> | undefined {
  return specs.find(({ flag, short }) => word === `--${flag}` || (short !== undefined && word === `-${short}`))
}

function flagsOf(specs: readonly OptionSpec<unknown>[]): Candidate[] {
  return [
    ...specs.map(({ flag, help }) => ({ word: `--${flag}`, note: help })),
    { word: '--help', note: 'Show the help.' },
  ]
}

/** Returns the closed list of an option, presets of logs, or folders of comparisons. */
function valuesOf(spec: OptionSpec<unknown> | undefined): Candidate[] {
  if (spec === undefined) return []
  const known = spec.choices ?? (spec.placeholder.includes('PRESET') ? ROUND_PRESETS : [])
  if (known.length > 0) return known.map((word) => ({ word, note: '' }))
  return spec.flag === 'resume' && spec.placeholder !== '' ? comparisons() : []
}

/** Returns candidates by the names that commands give to their arguments. */
function argumentCandidates({ arguments: names = '', verb }: Command): Candidate[] {
  if (verb === 'completion') return SHELLS.map((word) => ({ word, note: '' }))
  if (names.includes('recordings') || names.includes('folder]') || names.includes('before'))
    return [...recordings(), ...comparisons()]
  if (names.includes('folders')) return comparisons()
  if (!names.includes('job')) return []
  const jobs = [...jobAlgorithm.choices!, ALL].map((word) => ({ word, note: 'a job of Tidemark' }))
  return verb === 'check' ? [...jobs, ...comparisons()] : jobs
}

function recordings(): Candidate[] {
  return recordingsHere().map(({ name, started }) => ({ word: name, note: `recording, ${dayOf(started)}` }))
}

function comparisons(): Candidate[] {
  return comparisonsHere().map(({ name, started }) => ({ word: name, note: `comparison, ${dayOf(started)}` }))
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 16).replace('T', ' ')
}
