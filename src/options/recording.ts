import { alertOptions } from './alerts.js'
import { LEAST_LIMIT, namedRoles, probeOption, ROUND_SOURCES, roundsEnd } from './common.js'
import { compareOptions } from './comparison.js'
import { heapOptions } from './heap.js'
import { liveOptions } from './live.js'
import { tableOptions } from './report.js'
import { bytes, choice, durationMs, flag, integer, real, text } from './types/option-types.js'
/** Options of how a command or a running process is recorded. */
export const recordingOptions = {
  rateHz: real({
    flag: 'rate',
    above: 0,
    max: 1000,
    default: 10,
    help: 'Samples of RSS a second, up to 1000. Peaks do not depend on it: the kernel keeps those.',
  }),
  intervalMs: durationMs<undefined>({
    flag: 'interval',
    short: 'T',
    default: undefined,
    defaultText: '100ms, which is --rate 10',
    help: 'Time between two samples, in place of --rate.',
  }),
  out: text({
    flag: 'out',
    short: 'o',
    placeholder: 'FOLDER',
    default: undefined,
    defaultText: 'tidemark-<time>',
    help: 'Folder for the recording.',
  }),
  force: flag({ flag: 'force', help: 'Replace the recording that is in the folder.' }),
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
    help: 'The log in which --rounds looks.',
  }),
  shared: flag({
    flag: 'pss',
    help: 'Also record PSS and USS, which count shared pages once. Slow on large processes.',
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
    help: 'mprof: beside the folder, write a .dat file that mprof plot and mprof peak read.',
  }),
  json: flag({ flag: 'json', help: 'Print the summary as JSON.' }),
  windowMs: durationMs({
    flag: 'every',
    default: 10_000,
    defaultText: '10s',
    help: 'Length of the time windows that stand for rounds if none are reported while it runs.',
  }),
  quiet: flag({
    flag: 'quiet',
    short: 'q',
    help: 'While it runs, print one line when a verdict changes instead of a repainted block. The default without a terminal.',
  }),
  ...alertOptions,
  ...liveOptions,
}

export const runOptions = {
  ...recordingOptions,
  cgroup: flag({
    flag: 'cgroup',
    help: 'Run the command in a memory cgroup of its own: the peak of all its processes together is then exact, round by round.',
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
    help: 'End the command when the total RSS of its processes exceeds this.',
  }),
  graceMs: durationMs({
    flag: 'grace',
    default: 10_000,
    defaultText: '10s',
    help: 'Time between SIGTERM and SIGKILL when the command has to end.',
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
    help: 'In place of a process: a container that runs on this machine, by its name or the beginning of its id. With --pod: which of the containers of the pod.',
  }),
  pod: text({
    flag: 'pod',
    placeholder: 'NAME',
    default: undefined,
    help: 'In place of a process: a container of this Kubernetes pod, on its node or from inside the pod.',
  }),
  untilRound: integer<undefined>({
    flag: 'until-round',
    min: 1,
    default: undefined,
    defaultText: 'the end',
    help: 'Stop recording at the end of this round.',
  }),
  forMs: durationMs<undefined>({
    flag: 'for',
    default: undefined,
    defaultText: 'as long as it runs',
    help: 'Stop recording after this time.',
  }),
  noReset: flag({
    flag: 'no-reset',
    help: "Leave the kernel's peaks of the processes as they are. Peaks of rounds are then sampled.",
  }),
}

export const doctorOptions = {
  json: flag({ flag: 'json', help: 'Print what was found as JSON.' }),
}

export const peakOptions = {
  func: text({
    flag: 'func',
    placeholder: 'NAME',
    default: undefined,
    help: 'The peak while this function ran, as mprof timed it.',
  }),
  json: compareOptions.json,
  ...tableOptions,
}
