import { alertOptions } from './alerts.js'
import { LEAST_LIMIT, namedRoles, probeOption, ROUND_SOURCES, roundsEnd } from './common.js'
import { compareOptions } from './comparison.js'
import { liveOptions } from './live.js'
import { tableOptions } from './report.js'
import { bytes, choice, durationMs, flag, integer, real, text } from './types/option-types.js'
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

/** Options of how a command or a running process is recorded. */
export const recordingOptions = {
  rateHz: real({
    flag: 'rate',
    above: 0,
    max: 1000,
    default: 10,
    help: 'RSS samples per second, up to 1000. Peaks do not depend on it, because the kernel keeps them.',
  }),
  intervalMs: durationMs<undefined>({
    flag: 'interval',
    short: 'T',
    default: undefined,
    defaultText: '100ms, which is --rate 10',
    help: 'Time between two samples, instead of --rate.',
  }),
  out: text({
    flag: 'out',
    short: 'o',
    placeholder: 'FOLDER',
    default: undefined,
    defaultText: 'tidemark-<time>',
    help: 'Folder for the recording.',
  }),
  force: flag({ flag: 'force', help: 'Replace a recording in the folder.' }),
  roles: namedRoles,
  rounds: text({
    flag: 'rounds',
    placeholder: 'PRESET|PATTERN',
    default: undefined,
    help: `Find rounds in the log: ${ROUND_SOURCES}`,
  }),
  roundsEnd,
  log: text({
    flag: 'log',
    placeholder: 'FILE',
    default: undefined,
    help: 'Log file that --rounds reads.',
  }),
  shared: flag({
    flag: 'pss',
    help: 'Also record PSS and USS, which count shared pages once. Slow for large processes.',
  }),
  sharedIntervalMs: durationMs({
    flag: 'pss-interval',
    default: 5000,
    defaultText: '5s',
    help: 'Time between two readings of PSS and USS.',
  }),
  format: choice({
    flag: 'format',
    of: ['tidemark', 'mprof'],
    default: 'tidemark',
    help: 'mprof: also write a .dat file beside the folder, for mprof plot and mprof peak.',
  }),
  json: flag({ flag: 'json', help: 'Print the summary as JSON.' }),
  windowMs: durationMs({
    flag: 'every',
    default: 10_000,
    defaultText: '10s',
    help: 'Length of the time windows that are judged while it runs, if no rounds are reported.',
  }),
  quiet: flag({
    flag: 'quiet',
    short: 'q',
    help: 'While it runs, print a line whenever a verdict changes instead of the repainted block. This is the default without a terminal.',
  }),
  ...alertOptions,
  ...liveOptions,
}

export const runOptions = {
  ...recordingOptions,
  cgroup: flag({
    flag: 'cgroup',
    help: 'Run the command in its own memory cgroup. The peak of all its processes together is then exact in every round.',
  }),
  log: { ...recordingOptions.log, defaultText: "the command's output" },
  ...probeOption,
  ...heapOptions,
  timeoutMs: durationMs<undefined>({
    flag: 'timeout',
    default: undefined,
    defaultText: 'none',
    help: 'End the command after this time.',
  }),
  rssLimit: bytes<undefined>({
    flag: 'rss-limit',
    min: LEAST_LIMIT,
    default: undefined,
    defaultText: 'none',
    help: 'End the command when the summed RSS of its processes exceeds this.',
  }),
  graceMs: durationMs({
    flag: 'grace',
    default: 10_000,
    defaultText: '10s',
    help: 'Time that the command has to exit after SIGTERM before it is killed.',
  }),
}

export const attachOptions = {
  ...recordingOptions,
  ...heapOptions,
  container: text({
    flag: 'container',
    short: 'c',
    placeholder: 'NAME|ID',
    default: undefined,
    help: 'Attach to a container on this machine, by name or the start of its id. With --pod: a container of that pod.',
  }),
  pod: text({
    flag: 'pod',
    placeholder: 'NAME',
    default: undefined,
    help: 'Attach to a container of this Kubernetes pod, from its node or from inside the pod.',
  }),
  untilRound: integer<undefined>({
    flag: 'until-round',
    min: 1,
    default: undefined,
    defaultText: 'the end',
    help: 'Stop recording when this round has ended.',
  }),
  forMs: durationMs<undefined>({
    flag: 'for',
    default: undefined,
    defaultText: 'as long as it runs',
    help: 'Stop recording after this time.',
  }),
  noReset: flag({
    flag: 'no-reset',
    help: "Do not reset the kernel's peaks of the processes. Peaks of rounds are then sampled.",
  }),
}

export const doctorOptions = {
  json: flag({ flag: 'json', help: 'Print the result as JSON.' }),
}

export const peakOptions = {
  func: text({
    flag: 'func',
    placeholder: 'NAME',
    default: undefined,
    help: 'Print the peak while this function ran, as timed by mprof.',
  }),
  json: compareOptions.json,
  ...tableOptions,
}
