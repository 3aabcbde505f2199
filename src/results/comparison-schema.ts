/** The schema of `comparison.json`, as far as its readers rely on it; other fields pass through. */
import * as v from 'valibot'
import {
  attributionEntries,
  bytes,
  machineSchema,
  number,
  roundRecordSchema,
  settingValues,
  timeMs,
  wholeNumber,
} from '../recording/storage/stored-schemas.js'

const attribution = v.looseObject({ mark: v.literal('attribution'), ...attributionEntries })

/** A name from a file must lie in its folder, like a name from the network. */
const folderInside = v.pipe(
  v.string(),
  v.check((path) => path.split('/').every(isName), 'a folder below this one, without ".."'),
)

function isName(part: string): boolean {
  return part !== '' && part !== '.' && part !== '..' && !/\p{Cc}/u.test(part)
}

const trial = v.looseObject({
  index: v.pipe(wholeNumber, v.minValue(1)),
  setting: v.string(),
  trial: v.pipe(wholeNumber, v.minValue(1)),
  folder: folderInside,
  state: v.picklist(['completed', 'failed', 'stopped']),
  reason: v.nullable(v.string()),
  startedMs: timeMs,
  endedMs: timeMs,
  rounds: v.array(roundRecordSchema),
  initialRssBytes: v.nullable(bytes),
  attribution: v.nullable(attribution),
  probes: v.optional(v.array(attribution)),
  warnings: v.array(v.string()),
})

export const shardSchema = v.pipe(
  v.looseObject({ index: v.pipe(wholeNumber, v.minValue(1)), of: v.pipe(wholeNumber, v.minValue(1)) }),
  v.check(({ index, of }) => index <= of, 'an index from 1 to the number of shards'),
)

const toleranceSchema = v.union([
  v.looseObject({ bytes }),
  v.looseObject({ share: number }),
  v.looseObject({ bytesPerDay: number }),
])

export const comparisonSchema = v.looseObject({
  format: v.literal('tidemark-comparison/1'),
  name: v.pipe(v.string(), v.regex(/^[\w-][\w.-]*$/, 'a name of letters, digits, dot, dash and underscore')),
  createdMs: timeMs,
  updatedMs: timeMs,
  state: v.picklist(['running', 'completed', 'stopped']),
  job: settingValues,
  modelBytes: v.nullable(bytes),
  judge: v.string(),
  seed: number,
  trialsPerSetting: v.pipe(wholeNumber, v.minValue(1), v.maxValue(1e6)),
  repeat: v.optional(v.array(v.string())),
  shard: v.optional(shardSchema),
  machine: machineSchema,
  refs: v.optional(v.array(v.looseObject({ ref: v.string(), commit: v.string(), subject: v.string() }))),
  settings: v.pipe(v.array(v.looseObject({ label: v.string(), values: settingValues })), v.minLength(1)),
  limitBytes: v.optional(v.nullable(bytes)),
  tolerance: v.optional(toleranceSchema),
  floor: v.optional(toleranceSchema),
  expectations: v.record(v.string(), v.array(v.array(v.string()))),
  trials: v.array(trial),
  probeTrials: v.optional(v.array(trial)),
  warnings: v.array(v.string()),
})
