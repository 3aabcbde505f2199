/**
 * The shapes of what is stored, for all its readers. Keys that are not named pass through, because
 * later versions add some.
 */
import * as v from 'valibot'

/** A finite number: JSON can hold 1e999, which parses as infinite. */
export const number = v.pipe(v.number(), v.finite())
export const wholeNumber = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
export const bytes = v.pipe(v.number(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER))
/** Range of times that a date can represent (ECMA-262, 21.4.1.1). */
export const timeMs = v.pipe(v.number(), v.minValue(-8.64e15), v.maxValue(8.64e15))
/**
 * A round number, limited to more rounds than any job has, because lists are made with a place for
 * each.
 */
export const roundNumber = v.pipe(wholeNumber, v.maxValue(1e7))

export const memory = v.looseObject({
  rssBytes: bytes,
  rssAnonBytes: bytes,
  rssFileBytes: bytes,
  rssShmemBytes: bytes,
  swapBytes: v.optional(bytes),
})

export const cleanup = v.looseObject({
  gcMs: v.nullable(number),
  purgeMs: v.nullable(number),
  totalMs: number,
  rssBeforeBytes: bytes,
  rssAfterBytes: bytes,
})

export const attributionEntries = {
  timeMs,
  pid: wholeNumber,
  role: v.string(),
  name: v.optional(v.string()),
  round: v.optional(roundNumber),
  rssBytes: bytes,
  retainedBytes: number,
  garbageBytes: v.nullable(number),
  liveBytes: number,
  allocator: v.optional(
    v.looseObject({
      allocator: v.string(),
      arenaBytes: v.optional(number),
      mappedBytes: v.optional(number),
      usedBytes: v.optional(number),
      freeBytes: v.optional(number),
    }),
  ),
}

export const settingValues = v.record(v.string(), v.union([v.string(), number]))

const samplingLoop = v.picklist(['c', 'javascript'])

export const machineSchema = v.looseObject({
  hostname: v.string(),
  kernel: v.string(),
  arch: v.optional(v.string()),
  cpuModel: v.optional(v.nullable(v.string())),
  cores: v.optional(number),
  memoryBytes: bytes,
  cgroupLimitBytes: v.optional(v.nullable(number)),
  cgroupVersion: v.optional(v.nullable(number)),
  transparentHugePages: v.optional(v.nullable(v.string())),
  pageSizeBytes: v.optional(number),
  node: v.optional(v.string()),
  glibc: v.optional(v.nullable(v.string())),
  samplingLoop: v.exactOptional(samplingLoop),
})

export const peakKind = v.picklist(['exact', 'sampled'])

export const roundRecordSchema = v.looseObject({
  role: v.string(),
  name: v.string(),
  pid: wholeNumber,
  round: roundNumber,
  startedMs: timeMs,
  endedMs: timeMs,
  peakBytes: v.nullable(bytes),
  peakKind,
  work: v.nullable(memory),
  end: memory,
  cleanup: v.nullable(cleanup),
  accuracy: v.nullable(number),
  aggregator: v.optional(v.string()),
})

const exit = v.looseObject({
  code: v.nullable(number),
  signal: v.nullable(v.string()),
  outOfMemory: v.optional(v.boolean()),
  round: v.optional(number),
})

const processSchema = v.looseObject({
  pid: wholeNumber,
  startTicks: number,
  parentPid: v.optional(v.nullable(number)),
  role: v.string(),
  name: v.string(),
  command: v.string(),
  firstSeenMs: timeMs,
  lastSeenMs: timeMs,
  allocator: v.optional(v.nullable(v.string())),
  peakBytes: v.nullable(bytes),
  peakKind,
  isGone: v.optional(v.boolean()),
  isReplaced: v.optional(v.boolean()),
  hugetlbBytes: v.optional(bytes),
  overlap: v.optional(v.array(v.tuple([timeMs, bytes]))),
  exit: v.optional(v.nullable(exit), null),
  highest: v.optional(v.looseObject({ ...memory.entries, timeMs })),
  last: v.optional(v.looseObject({ ...memory.entries, timeMs, threads: number, openFiles: v.nullable(number) })),
})

const samplingSchema = v.looseObject({
  askedIntervalMs: number,
  achievedIntervalMs: v.nullable(number),
  samples: number,
  readings: v.looseObject({ read: number, gone: number, unreadable: number }),
  missed: v.optional(number),
  jitterMs: v.optional(v.nullable(v.looseObject({ median: number, p99: number, max: number }))),
  costMs: v.optional(v.nullable(number)),
  loop: v.optional(samplingLoop),
  processes: v.optional(
    v.looseObject({
      seen: number,
      vanished: number,
      unreadable: number,
      unreadableCodes: v.optional(v.record(v.string(), number)),
    }),
  ),
})

/** Schema of `recording.json`. */
export const metadataSchema = v.looseObject({
  format: v.literal('tidemark-recording/1'),
  command: v.array(v.string()),
  setting: settingValues,
  startedMs: timeMs,
  endedMs: v.nullable(timeMs),
  state: v.picklist(['running', 'completed', 'failed', 'stopped']),
  reason: v.nullable(v.string()),
  machine: machineSchema,
  sampling: samplingSchema,
  processes: v.array(processSchema),
  treePeak: v.optional(v.looseObject({ timeMs, rssBytes: bytes, processes: number, overlapBytes: v.optional(bytes) })),
  cgroup: v.optional(
    v.looseObject({
      limitBytes: v.nullable(number),
      peakBytes: v.nullable(number),
      usedBytes: v.optional(number),
      isOwn: v.optional(v.boolean()),
      isAlone: v.boolean(),
    }),
  ),
  warnings: v.optional(v.array(v.string())),
})
