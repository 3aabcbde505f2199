/** Options of git refs as an axis, and of how they are built. */
import { durationMs, nameList, text } from './option-types.js'

/** How the files of a git ref are built. */
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

/** Git refs as an axis. */
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
