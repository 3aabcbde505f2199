import { mergeAll } from '../../../comparison/run/merge-suites.js'
import { mergeOptions } from '../../../options/comparison.js'
import type { OptionValues } from '../../../options/types/spec.js'
import {
  printComparison,
  printJson,
  type ReportedComparison,
  reportComparison,
  reportOverview,
} from '../../output/print-comparison.js'
import type { Command } from '../../parsing/command.js'

export const command: Command = {
  verb: 'merge',
  summary: 'Join the parts of a comparison that several machines ran (compare --shard).',
  description: [
    'Copies the trials of all parts, with their recordings, into one folder, judges them together and writes the',
    'report. Parts of a suite, or of compare all, are joined comparison by comparison.',
    '',
    'Parts of different comparisons are refused, and so are duplicate trials. Parts from different types of machines',
    'are refused unless --any-machine is given, because memory levels differ between machines. Run missing trials later',
    'with tidemark compare --resume FOLDER.',
  ].join('\n'),
  arguments: '[folders...]',
  options: mergeOptions,
  examples: [
    'tidemark merge runs/fedavg-shards/1 runs/fedavg-shards/2 --out runs/fedavg-whole',
    'tidemark merge runs/fedavg-shards/* --any-machine',
  ],
  run: async ({ arguments: folders, options }) => {
    const { out, anyMachine, details, json } = options as OptionValues<typeof mergeOptions>
    const { folder, merged, isSuite } = mergeAll(folders, { out, anyMachine })
    const reported: ReportedComparison[] = []
    for (const one of merged) {
      reported.push(await reportComparison(one))
      if (!json) await printComparison(reported.at(-1)!, { details })
    }
    if (isSuite) await reportOverview(folder, reported, { isJson: json, details, planned: reported.length })
    if (json) printJson(reported, { isSuite })
    return 0
  },
}
