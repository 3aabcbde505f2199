/** Options of git refs as an axis, and of how they are built. */
import { nameList } from './types/list-types.js'
import { bytesOrShare, choice, durationMs, flag, integer, text } from './types/option-types.js'

/** Options of how the files of a git ref are built. */
export const buildOptions = {
  build: text({
    flag: 'build',
    placeholder: 'COMMAND',
    default: undefined,
    help: "Build each ref with this command, for example 'npm ci && npm run build'. It runs in the ref's worktree. Builds are cached by commit and command.",
  }),
  buildDeadlineMs: durationMs({
    flag: 'build-deadline',
    default: 1_800_000,
    defaultText: '30m',
    help: 'Time limit of one build, after which the comparison ends.',
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
    help: 'Git refs to compare, such as main,HEAD, each in its own worktree outside the checkout. WORKTREE is the checkout with its uncommitted changes. The first ref is the baseline.',
  }),
  ...buildOptions,
}

/** What `tidemark bisect` searches for, and where. */
export const bisectOptions = {
  good: text({
    flag: 'good',
    placeholder: 'REF',
    default: undefined,
    defaultText: 'required',
    help: 'A commit from before memory became worse, an ancestor of --bad.',
  }),
  bad: text({ flag: 'bad', placeholder: 'REF', default: 'HEAD', help: 'A commit where memory is worse.' }),
  job: text({
    flag: 'job',
    placeholder: 'FILE',
    default: undefined,
    help: 'Suite to measure: a *.memory.ts file of the checkout with one comparison of one setting.',
  }),
  metric: choice({
    flag: 'metric',
    of: ['peak', 'end', 'slope'],
    default: 'peak',
    help: 'Metric that became worse: the highest peak of a round, the lowest end RSS in the second half of the rounds, or the growth of end RSS per round.',
  }),
  minChange: bytesOrShare({
    flag: 'min-change',
    default: { share: 0.01 },
    defaultText: '1%',
    help: 'Smallest difference between good and bad to search for: 3%, or 2MiB. For a slope, the percentage is of the end RSS.',
  }),
  trials: integer({
    flag: 'trials',
    min: 4,
    max: 1000,
    default: 16,
    help: 'Most trials of each end and of each commit. If the ends still do not differ, the search stops.',
  }),
  allParents: flag({
    flag: 'all-parents',
    help: 'Also search the commits of merged branches, in the order of git log --topo-order. Default: first parents only.',
  }),
  ...buildOptions,
}
