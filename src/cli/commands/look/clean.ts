import { removalOptions } from '../../../options/all.js'
import type { Command } from '../../parsing/command.js'
import { recordingsHere } from '../../recordings-in-folder.js'
import { removeRecordings } from '../../remove-recordings.js'

export const command: Command = {
  verb: 'clean',
  summary: 'Remove all recordings of the current folder.',
  description: [
    'Removes every recording that tidemark list shows: folders of Tidemark and files of mprof. What was recorded under a',
    'name of your own is left.',
  ].join('\n'),
  options: removalOptions,
  examples: ['tidemark clean --dry-run', 'tidemark clean'],
  run: async ({ options }) => {
    const names = recordingsHere().map(({ name }) => name)
    if (names.length === 0) process.stderr.write('the current folder holds no recording\n')
    removeRecordings(names, { isDryRun: options.dryRun === true, isForced: options.force === true })
    return 0
  },
}
