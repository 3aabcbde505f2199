/**
 * For the verbs that compare: how `--heap-diff` would distort a comparison, and how to have both.
 */
export const HEAP_DIFF_ELSEWHERE = {
  'heap-diff': {
    why: 'belongs to tidemark run: a program stands still while its heap is written and has a larger one afterwards, so its memory and its times are not to be compared',
    fix: 'Compare first (--probe-every 5 of tidemark compare says whether live memory grows), then record the setting in question alone: tidemark run --heap-diff 5 --rounds PATTERN -- COMMAND',
  },
}
