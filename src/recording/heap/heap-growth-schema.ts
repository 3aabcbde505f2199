import * as v from 'valibot'
import { bytes, number, roundNumber, wholeNumber } from '../storage/stored-schemas.js'

const frame = v.looseObject({ file: v.string(), line: wholeNumber, function: v.string() })

const line = v.looseObject({
  file: v.nullable(v.string()),
  line: v.nullable(wholeNumber),
  function: v.string(),
  text: v.string(),
  bytes: number,
  objects: number,
  kind: v.picklist(['python', 'numpy', 'native', 'modules', 'v8']),
  liveBytes: v.array(number),
  stack: v.array(frame),
  stacks: v.array(v.looseObject({ bytes, stack: v.pipe(v.array(frame), v.minLength(1)) })),
})

/** A stored `HeapGrowth`, as far as its readers rely on it; other fields pass through. */
export const heapGrowthSchema = v.looseObject({
  process: v.looseObject({ pid: wholeNumber, name: v.string(), role: v.string() }),
  engine: v.picklist(['memray', 'tracemalloc', 'v8']),
  fromRound: roundNumber,
  toRound: roundNumber,
  rssGrowthBytes: number,
  explainedShare: v.nullable(number),
  lines: v.array(line),
  lineBytes: number,
})
