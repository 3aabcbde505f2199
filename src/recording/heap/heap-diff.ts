import { existsSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { TidemarkError } from '../../shared/errors.js'
import type { RecordedProcess, RoundRecord } from '../recording.js'
import type { HeapGrowth } from './heap-growth.js'
import { HEAP_FOLDER, type HeapDiffOptions, TOO_MANY_FILE } from './heap-order.js'
import { looksBeforeEnd, looksOf, type MeasuredProcess, measuredProcesses } from './measured-process.js'
import { readGrowth } from './read-growth.js'

/** Warning that every recording with `--heap-diff` carries. */
export const HEAP_DIFF_WARNING =
  'The heap was measured in this recording (--heap-diff), which takes memory and time: judge neither of them by it.'

/**
 * Maximum number of processes whose growth is read, those with the most growth; reading one takes
 * seconds.
 */
const MOST_PROCESSES = 8

/**
 * Reads what grew in the processes of a recording with `--heap-diff`, after its end, the most
 * growth first.
 *
 * @param onNote called with a sentence for everything that is missing, and why
 */
export async function readHeapDiff(
  recording: string,
  options: HeapDiffOptions,
  {
    processes,
    rounds,
    onNote,
  }: { processes: readonly RecordedProcess[]; rounds: readonly RoundRecord[]; onNote(note: string): void },
): Promise<HeapGrowth[]> {
  const folder = join(resolve(recording), HEAP_FOLDER)
  const measured = measuredProcesses(folder)
  const looked = measured.flatMap((process) => {
    const looks = looksOf(process) ?? looksBeforeEnd(process)
    return looks === undefined
      ? []
      : [{ process, looks, grownBytes: looks.at(-1)!.residentBytes - looks[0]!.residentBytes }]
  })
  if (existsSync(join(folder, TOO_MANY_FILE)))
    onNote(
      `--heap-diff: the program started more processes than are measured: ${measured.length} were, and those after them were not`,
    )
  if (looked.length === 0) onNote(whyNone(measured, options.rounds, processes))
  looked.sort((a, b) => b.grownBytes - a.grownBytes)
  // The name in a program's marks is better than one derived from its command line.
  const names = new Map([...processes, ...rounds].map(({ pid, name, role }) => [pid, { name, role }]))
  const growths: HeapGrowth[] = []
  for (const { process, looks } of looked.slice(0, MOST_PROCESSES))
    try {
      growths.push(await readGrowth(process, looks, { ...options, folder, recordedRounds: rounds, names }))
    } catch (error) {
      // The recording is complete without this.
      if (!(error instanceof TidemarkError)) throw error
      onNote(`--heap-diff: ${error.message}${error.fix === undefined ? '' : `. ${error.fix}`}`)
    }
  if (looked.length > MOST_PROCESSES)
    onNote(
      `--heap-diff: ${looked.length - MOST_PROCESSES} of ${looked.length} processes, which grew less, were not read`,
    )
  return growths.sort((a, b) => b.rssGrowthBytes - a.rssGrowthBytes)
}

function whyNone(measured: readonly MeasuredProcess[], rounds: number, processes: readonly RecordedProcess[]): string {
  const because = (why: string) => `--heap-diff ${rounds}: nothing can be compared: ${why}`
  const notes = measured.flatMap((process) => process.notes)
  if (notes.length > 0) return because(notes[0]!)
  const furthest = measured.toSorted((a, b) => b.completed - a.completed)[0]
  if (furthest !== undefined && furthest.completed >= 2 * rounds)
    return because(
      `pid ${furthest.pid} completed ${furthest.completed} rounds, so fast that it was not seen when it had completed ${rounds} and ${2 * rounds}. ` +
        `Look at rounds that are further apart, --heap-diff ${4 * rounds}, or have the program write marks, at which it is looked at in time`,
    )
  if (furthest !== undefined && furthest.completed > 0)
    return because(
      `pid ${furthest.pid} had completed ${furthest.completed} of the ${2 * rounds} rounds that it takes when it ended. ` +
        (furthest.completed > 1
          ? `Let it run longer, or look earlier: --heap-diff ${Math.floor(furthest.completed / 2)}`
          : 'Let it run longer'),
    )
  if (measured.length > 0)
    return because('the end of no round was reported. Marks report rounds, or the log with --rounds')
  return because(whyNotIn(processes))
}

/** Interpreter options that make it ignore the environment, or sitecustomize. */
const CLOSED = /^-[a-zA-Z]*[ISE]/

function whyNotIn(processes: readonly RecordedProcess[]): string {
  for (const { pid, command } of processes) {
    const [program = '', ...words] = command.split(' ')
    const flags = words.slice(
      0,
      words.findIndex((word) => !word.startsWith('-')),
    )
    const closed = flags.find((word) => CLOSED.test(word))
    if (/python|pypy/i.test(basename(program)) && closed !== undefined)
      return `the Python of pid ${pid} was started with ${closed}, so that it ${closed.includes('S') ? 'loads no sitecustomize' : 'does not read PYTHONPATH'}, by which the measuring comes in. Leave the option out for this recording`
  }
  const python = processes.find(({ command }) => /python|pypy/i.test(basename(command.split(' ')[0] ?? '')))
  if (python !== undefined)
    return `the Python of pid ${python.pid} did not load what measures it: it is older than 3.9, was started without PYTHONPATH in its environment, or could not write to the recording's folder`
  return 'no Python (3.9 or later) and no Node process was in the command'
}
