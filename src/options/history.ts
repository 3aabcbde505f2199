/** Options of the history of a job over commits. */
import { choice, flag, text } from './types/option-types.js'

export const historyOptions = {
  file: text({
    flag: 'file',
    placeholder: 'FILE',
    default: 'tidemark-history.ndjson',
    help: 'File of the history, one line for each setting and commit. Keep it under version control, with "tidemark-history.ndjson merge=union" in .gitattributes.',
  }),
  notes: flag({ flag: 'notes', help: 'Keep the history in git notes (refs/notes/tidemark) instead of a file.' }),
  metric: choice({
    flag: 'metric',
    of: ['peak', 'end', 'slope'],
    default: 'peak',
    help: 'Metric to show: the highest peak of a round, the lowest end RSS in the second half of the rounds, or the growth of end RSS per round.',
  }),
  format: choice({
    flag: 'format',
    of: ['github-action-benchmark', 'bencher', 'otava'],
    default: 'github-action-benchmark',
    help: 'export: format for github-action-benchmark (customSmallerIsBetter), Bencher (BMF) or apache/otava (CSV).',
  }),
  out: text({
    flag: 'out',
    short: 'o',
    placeholder: 'FILE',
    default: undefined,
    help: 'plot and export: file to write. For plot, its name ends in .svg or .png.',
  }),
  force: flag({ flag: 'force', help: 'Replace the file of --out if it exists.' }),
  markdown: text({
    flag: 'markdown',
    placeholder: 'FILE',
    default: undefined,
    help: 'show: also write Markdown to this file, for the step summary of a workflow.',
  }),
  json: flag({ flag: 'json', help: 'show: print the series as JSON.' }),
}
