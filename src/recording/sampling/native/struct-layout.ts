/**
 * Layout of the data that sampling-loop.c reads and writes: two arrays of doubles, each value at
 * its place in the `struct`.
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

/** Size of one status text. Each process keeps two: the newest and the one with the highest RSS. */
export const STATUS_BYTES = 4096

/** Stands for no descriptor. */
export const NONE = -1

function enumerate<const Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name, place) => [name, place])) as Record<Name, number>
}
