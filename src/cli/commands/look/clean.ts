import { cleanOptions } from '../../../options/report.js'
import type { OptionValues } from '../../../options/types/spec.js'
import { comparisonsHere } from '../../folders/comparisons-here.js'
import type { Command } from '../../parsing/command.js'
import { recordingsHere } from '../../recordings-in-folder.js'
import { removeRecordings } from '../../remove-recordings.js'

export const command: Command = {
  verb: 'clean',
  summary: 'Remove the recordings of the current folder; with --all, comparisons too.',
  description: [
    'Removes the recordings in the current folder that have default names: folders of Tidemark and mprof files.',
    'Recordings with names of your own (--out) and comparisons are kept and listed; --all removes them too.',
  ].join('\n'),
  options: cleanOptions,
  examples: ['tidemark clean --dry-run', 'tidemark clean', 'tidemark clean --all --dry-run'],
  run: async ({ options }) => {
    const { dryRun, force, all } = options as OptionValues<typeof cleanOptions>
    const recordings = recordingsHere()
    const others = [
      ...recordings.filter(({ isNamed }) => isNamed).map(({ name }) => name),
      ...comparisonsHere().map(({ name }) => name),
    ]
    const names = [...recordings.filter(({ isNamed }) => !isNamed).map(({ name }) => name), ...(all ? others : [])]
    if (names.length === 0)
      process.stderr.write(`the current folder holds no recording${all ? ' and no comparison' : ''}\n`)
    removeRecordings(names, { isDryRun: dryRun, isForced: force })
    if (!all && others.length > 0) process.stderr.write(`left: ${others.join(', ')}. --all removes them too.\n`)
    return 0
  },
}
