import type { OptionSpec } from './types/spec.js'

const FORMS = 'grows, rises, "rss > 8GiB", "peak(server) > 90% of limit", "limit within 30m", "rss flat for 100 rounds"'

/**
 * Separator of the texts: NUL, which no argument can contain, since commands may have several
 * lines.
 */
const SEPARATOR = '\0'

/** Conditions to watch while a program runs, and what they trigger. */
export const alertOptions = {
  when: texts({
    flag: 'when',
    placeholder: 'CONDITION',
    help: `Run the command of the following --do when this becomes true: ${FORMS}. May be given several times.`,
    expected: 'a condition such as "rss > 8GiB"',
  }),
  do: texts({
    flag: 'do',
    placeholder: 'COMMAND',
    help: 'Run this shell command when the condition of the --when before it becomes true, once for each time it does. stop ends the recorded command.',
    expected: 'a command for /bin/sh, or stop',
  }),
  failWhen: texts({
    flag: 'fail-when',
    placeholder: 'CONDITION',
    help: 'Exit with 1 instead of 0 if this condition was ever true. Repeatable.',
    expected: 'a condition such as grows',
  }),
}

function texts(from: { flag: string; placeholder: string; help: string; expected: string }): OptionSpec<string[]> {
  return {
    ...from,
    repeats: true,
    separator: SEPARATOR,
    default: [],
    defaultText: '',
    format: (given) => given.join(SEPARATOR),
    parse: (given) => {
      const all = given.split(SEPARATOR)
      return all.some((one) => one.trim() === '') ? undefined : all
    },
  }
}
