import { integer } from './types/option-types.js'
import type { OptionSpec } from './types/spec.js'

/** Options that find the lines of code at which memory grows. */
export const heapOptions = {
  heapDiff: integer<undefined>({
    flag: 'heap-diff',
    min: 1,
    max: 1_000_000,
    placeholder: 'ROUNDS',
    default: undefined,
    defaultText: 'off',
    help: "Inspect the heap of Python and Node processes after this many rounds and after twice as many, and list the lines of code whose memory grew. Uses memray if the program's Python can import it, else tracemalloc.",
  }),
  heapDepth: integer({
    flag: 'heap-depth',
    min: 1,
    max: 64,
    placeholder: 'FRAMES',
    default: 5,
    help: 'With --heap-diff: number of stack frames to keep, from the allocating line outward.',
  }),
  heapIgnore: {
    flag: 'heap-ignore',
    placeholder: 'NAME',
    default: [],
    defaultText: 'the standard library and installed packages',
    help: 'With --heap-diff: package, folder or file to ignore; its memory is attributed to the caller. Repeatable.',
    repeats: true,
    expected: 'the name of a package, or the path of a folder or file',
    parse: (text) => {
      const names = text.split('\n')
      return names.every((name) => name.trim() !== '') ? names : undefined
    },
    format: (names) => names.join('\n'),
  } satisfies OptionSpec<string[]> as OptionSpec<string[]>,
}
