import { diffOptions } from '../../../options/report.js'
import type { OptionValues } from '../../../options/types/spec.js'
import { UsageError } from '../../../shared/errors.js'
import { isComparison } from '../../comparison-to-judge.js'
import { comparisonsDiff } from '../../diff/diff-comparisons.js'
import { recordingsDiff } from '../../diff/diff-recordings.js'
import { assertPlotFile, writePlot } from '../../output/plot-file.js'
import { writeStyled } from '../../output/terminal.js'
import type { Command } from '../../parsing/command.js'
import { namedRecordings } from '../../recordings-in-folder.js'

export const command: Command = {
  verb: 'diff',
  summary: 'Hold two recordings or two comparisons against each other: before and after a change.',
  description: [
    'Lays the curves of two recordings, or of two comparisons, over one another, and prints how peak, end RSS and time differ,',
    'and which facts of the job, the machine and its versions do. A is before the change, B after it.',
    '',
    'Two comparisons are held against each other setting by setting, with 95 % intervals over their trials. Two recordings are',
    'one run each, so what differs between them may be chance.',
    '',
    'A and B are folders, files of other programs, or indices of recordings (tidemark list shows them).',
  ].join('\n'),
  arguments: '<before> <after>',
  options: diffOptions,
  onlyPrints: true,
  examples: [
    'tidemark diff -2 -1',
    'tidemark diff runs/fedavg-20260712-130509 runs/my-20260712-130509',
    'tidemark diff -2 -1 -o before-and-after.html',
  ],
  run: async ({ arguments: names, options }) => {
    const { out, force, json } = options as OptionValues<typeof diffOptions>
    if (out !== undefined) assertPlotFile(out, force)
    const [before, after] = names.map((name) => namedRecordings([name])[0]!) as [string, string]
    if (isComparison(before) !== isComparison(after))
      throw new UsageError(
        `diff: ${isComparison(before) ? before : after} is a comparison and ${isComparison(before) ? after : before} is not`,
        {
          fix: 'Name two comparisons or two recordings. A trial of a comparison is a recording: runs/NAME/trials/0001-...',
        },
      )
    const diff = isComparison(before) ? comparisonsDiff(before, after) : recordingsDiff(before, after)
    if (json) process.stdout.write(`${JSON.stringify({ before, after, ...diff.data }, null, 2)}\n`)
    else writeStyled(process.stdout, diff.text())
    if (out !== undefined) {
      await writePlot(out, diff.figure, { title: 'before and after' })
      process.stdout.write(json ? '' : `${out}\n`)
    }
    return 0
  },
}
