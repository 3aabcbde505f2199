import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { checkStored } from '../../recording/storage/stored-file.js'
import type { Amount } from '../../results/tolerance.js'
import { UsageError } from '../../shared/errors.js'
import type { BisectRound } from '../../verdict/bisect/evidence.js'
import { readJson, writeWhole } from '../run/comparison-folder.js'

export type BisectMetric = 'peak' | 'end' | 'slope'

/**
 * `bisect.json`, beside the comparison that holds its trials (docs/file-formats.md): enough to
 * resume the search.
 */
export interface BisectState {
  format: 'tidemark-bisect/1'
  metric: BisectMetric
  minChange: Amount
  /** Most trials of one commit at one step. */
  trials: number
  /** The good ref as the user gave it; the refs of the plan are the commits from good to bad. */
  good: string
  bad: string
  /** Rounds in order; commits count from the good one, which is 0. */
  rounds: BisectRound[]
  /** Commits that cannot be built or measured. */
  skipped: { commit: number; reason: string }[]
}

const STATE = 'bisect.json'
const number = v.pipe(v.number(), v.finite())
const place = v.pipe(v.number(), v.integer(), v.minValue(0))

const schema = v.looseObject({
  format: v.literal('tidemark-bisect/1'),
  metric: v.picklist(['peak', 'end', 'slope']),
  minChange: v.union([v.looseObject({ bytes: number }), v.looseObject({ share: number })]),
  trials: place,
  good: v.string(),
  bad: v.string(),
  rounds: v.array(
    v.looseObject({
      low: place,
      high: place,
      between: v.nullable(place),
      values: v.looseObject({ low: number, high: number, between: v.nullable(number) }),
    }),
  ),
  skipped: v.array(v.looseObject({ commit: place, reason: v.string() })),
})

export function saveBisect(folder: string, state: BisectState): void {
  writeWhole(join(folder, STATE), state)
}

/**
 * Reads the state of a search.
 *
 * @throws UsageError when the folder holds no search of this format
 */
export function readBisect(folder: string): BisectState {
  const file = join(folder, STATE)
  if (!existsSync(file))
    throw new UsageError(`${folder} holds no search of tidemark bisect`, {
      fix: 'Name the folder that tidemark bisect printed when it began.',
    })
  return checkStored(readJson(folder, file), schema, { file, what: 'search of this version' }) as BisectState
}
