/** Options of git refs as an axis, and of how they are built. */
import { nameList } from './types/list-types.js'
import { bytesOrShare, choice, durationMs, flag, integer, text } from './types/option-types.js'

/** Options of how the files of a git ref are built. */
export const buildOptions = {
  build: text({
    flag: 'build',
    placeholder: 'COMMAND',
    default: undefined,
    help: "Build each ref with this command, for example 'npm ci && npm run build'. It runs in the ref's files, in the current folder's place. What it made is kept in the user's cache by commit and command.",
  }),
  buildDeadlineMs: durationMs({
    flag: 'build-deadline',
    default: 1_800_000,
    defaultText: '30m',
    help: 'How long one build may take before it is ended, and the comparison with it.',
  }),
}

/** Options that make git refs an axis. */
export const refOptions = {
  refs: nameList({
    flag: 'refs',
    default: undefined,
    expected:
      'at least two git refs with commas between, such as main,HEAD; WORKTREE is the checkout with what is not committed',
    least: 2,
    help: 'Compare git refs, each in a worktree of its own outside the checkout: main,HEAD. WORKTREE stands for the checkout with what is not committed. The first one is what the others are compared with.',
  }),
  ...buildOptions,
}

/** What `tidemark bisect` searches for, and where. */
export const bisectOptions = {
  good: text({
    flag: 'good',
    placeholder: 'REF',
    default: undefined,
    defaultText: 'must be given',
    help: 'A commit before it became worse, an ancestor of --bad.',
  }),
  bad: text({ flag: 'bad', placeholder: 'REF', default: 'HEAD', help: 'A commit at which it is worse.' }),
  job: text({
    flag: 'job',
    placeholder: 'FILE',
    default: undefined,
    help: 'The suite that is measured: a *.memory.ts file of the checkout with one comparison of one setting.',
  }),
  metric: choice({
    flag: 'metric',
    of: ['peak', 'end', 'slope'],
    default: 'peak',
    help: 'What became worse: the highest peak of a round, the lowest end RSS in the second half of the rounds, or the growth of end RSS a round.',
  }),
  minChange: bytesOrShare({
    flag: 'min-change',
    default: { share: 0.01 },
    defaultText: '1%',
    help: 'Smallest difference between good and bad to search for: 3%, or 2MiB. For a slope, a share of the end RSS.',
  }),
  trials: integer({
    flag: 'trials',
    min: 4,
    max: 1000,
    default: 16,
    help: 'Maximum trials of each commit. Commits that do not differ by then count as equal.',
  }),
  allParents: flag({
    flag: 'all-parents',
    help: 'Search the commits of merged branches too, in the order of git log --topo-order; by default only first parents.',
  }),
  ...buildOptions,
}
