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
  summary: 'Compare two recordings or two comparisons, before and after a change.',
  description: [
    'Overlays the curves of two recordings or two comparisons, and prints the differences in peak, end RSS and time,',
    'and the facts of job, machine and versions that differ. A is before the change, B after it.',
    '',
    'Two comparisons are compared setting by setting, with 95 % intervals over their trials. Two recordings are single',
    'runs, so their differences may be chance.',
    '',
    'A and B are folders, files of other programs, or indices of recordings (see tidemark list).',
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
