import { removalOptions } from '../../../options/report.js'
import { UsageError } from '../../../shared/errors.js'
import type { Command } from '../../parsing/command.js'
import { namedRecordings } from '../../recordings-in-folder.js'
import { removeRecordings } from '../../remove-recordings.js'

export const command: Command = {
  verb: 'rm',
  summary: 'Remove recordings and comparisons.',
  description: [
    'Removes recordings by index (0 is the oldest in the current folder, -1 the newest; see tidemark list) or by path:',
    'folders of Tidemark, mprof files, and comparisons by their folder. Nothing else is ever removed, and no part of a',
    'comparison without --force.',
  ].join('\n'),
  arguments: '[recordings...]',
  options: removalOptions,
  examples: ['tidemark rm -1', 'tidemark rm 0 1 2 --dry-run', 'tidemark rm runs/fedavg-20260712-130509'],
  run: async ({ arguments: names, options }) => {
    if (names.length === 0)
      throw new UsageError('rm: no recording was named', { fix: 'Name an index or a path: tidemark rm -1' })
    removeRecordings(namedRecordings(names), {
      isDryRun: options.dryRun === true,
      isForced: options.force === true,
    })
    return 0
  },
}
