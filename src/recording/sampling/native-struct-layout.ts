/**
 * What sampling-loop.c reads and writes: two arrays of doubles, each figure at the place that the `struct` there gives it.
 */

/** `struct plan`. Times are Unix times in ms. */
export const PLAN = enumerate([
  'clockOffsetMs',
  'startMs',
  'intervalMs',
  'planned',
  'untilMs',
  'bell',
  'loadavg',
  'newestPid',
  'log',
  'flushedMs',
  'delayMs',
  'limitPages',
  'risingMs',
  'movingMs',
  'idleMs',
  'processes',
  'capacity',
  'samples',
  'written',
  'pending',
])
export const PLAN_LENGTH = 20

/** `struct process`. */
export const PROCESS = enumerate([
  'pid',
  'statm',
  'status',
  'pages',
  'statusMs',
  'statusPages',
  'peakPages',
  'newestLength',
  'highestLength',
  'highestPages',
  'highestMs',
  'topPages',
  'topMs',
])
export const PROCESS_LENGTH = 13

/** Of one text of a status; two of them, the newest and the one with the highest RSS, are kept of each process. */
export const STATUS_BYTES = 4096

/** No descriptor. */
export const NONE = -1

function enumerate<const Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name, place) => [name, place])) as Record<Name, number>
}
