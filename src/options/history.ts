/** Options of the history of a job over commits. */
import { choice, flag, text } from './types/option-types.js'

export const historyOptions = {
  file: text({
    flag: 'file',
    placeholder: 'FILE',
    default: 'tidemark-history.ndjson',
    help: 'The history, a line for each setting and commit. It belongs under version control; "tidemark-history.ndjson merge=union" in .gitattributes merges it.',
  }),
  notes: flag({ flag: 'notes', help: 'Keep the history in git notes (refs/notes/tidemark) in place of a file.' }),
  metric: choice({
    flag: 'metric',
    of: ['peak', 'end', 'slope'],
    default: 'peak',
    help: 'What is shown: the highest peak of a round, the lowest end RSS in the second half of the rounds, or the growth of end RSS a round.',
  }),
  format: choice({
    flag: 'format',
    of: ['github-action-benchmark', 'bencher', 'otava'],
    default: 'github-action-benchmark',
    help: 'Format of the export: the list that github-action-benchmark reads (customSmallerIsBetter), the Bencher Metric Format, or a CSV for apache/otava.',
  }),
  out: text({
    flag: 'out',
    short: 'o',
    placeholder: 'FILE',
    default: undefined,
    help: 'File to write, for plot and export. The name of a plot ends in .svg or .png.',
  }),
  force: flag({ flag: 'force', help: 'Replace the file of --out if it is there.' }),
  markdown: text({
    flag: 'markdown',
    placeholder: 'FILE',
    default: undefined,
    help: 'Write the same as Markdown, for the step summary of a workflow.',
  }),
  json: flag({ flag: 'json', help: 'Of show: print the series as JSON.' }),
}
