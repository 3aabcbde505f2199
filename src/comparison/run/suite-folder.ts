import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { checkStored } from '../../recording/storage/stored-file.js'
import { shardSchema } from '../../results/comparison-schema.js'
import type { Shard } from '../../results/shard.js'
import { UsageError } from '../../shared/errors.js'
import { type ComparisonPlan, planComparison } from '../plan/plan.js'
import { makeFolder, readJson, writeWhole } from './comparison-folder.js'

/** One of several comparisons, with its folder inside theirs. */
interface PlannedComparison {
  plan: ComparisonPlan
  folder: string
}

export interface SuiteFolder {
  folder: string
  comparisons: PlannedComparison[]
  /** Part of each comparison that runs here; undefined for all of it. */
  shard: Shard | undefined
  /** Words of the command line that planned them. */
  repeat: string[] | undefined
}

const SUITE = 'suite.json'
const FORMAT = 'tidemark-suite/1'

const schema = v.looseObject({
  format: v.literal(FORMAT),
  plans: v.array(v.unknown()),
  shard: v.optional(shardSchema),
  repeat: v.optional(v.array(v.string())),
})

/**
 * Makes the folder of several comparisons: `suite.json` lists them in order, and each gets a folder
 * of its own name.
 *
 * @throws UsageError when two have the same name, or the folder is invalid; at most the folder was
 *   made then
 */
export function makeSuiteFolder(
  out: string | undefined,
  name: string,
  {
    plans,
    shard,
    repeat,
  }: { plans: readonly ComparisonPlan[]; shard?: Shard | undefined; repeat?: string[] | undefined },
): SuiteFolder {
  const twice = plans.find((plan, index) => plans.findIndex((other) => other.name === plan.name) !== index)
  if (twice !== undefined)
    throw new UsageError(`two comparisons are called "${twice.name}", and each needs a folder of its own`, {
      fix: 'Give one of them another name.',
    })
  const folder = makeFolder(out, name, new Date())
  writeWhole(join(folder, SUITE), { format: FORMAT, plans, shard, repeat })
  return { folder, comparisons: placed(folder, plans), shard, repeat }
}

/** Returns whether a folder holds several comparisons. */
export function isSuiteFolder(folder: string): boolean {
  return existsSync(join(folder, SUITE))
}

/**
 * Returns the comparisons that a folder was made for; undefined if it is the folder of one.
 *
 * @throws UsageError when it cannot be read
 */
export function readSuiteFolder(folder: string): SuiteFolder | undefined {
  const file = join(folder, SUITE)
  if (!isSuiteFolder(folder)) return undefined
  const { plans, shard, repeat } = checkStored(readJson(folder, file), schema, { file, what: 'suite of this version' })
  const checked = plans.map((plan: unknown, index) => planComparison(plan, `${file}, plan ${index + 1}`))
  return { folder, comparisons: placed(folder, checked), shard, repeat }
}

function placed(folder: string, plans: readonly ComparisonPlan[]): PlannedComparison[] {
  return plans.map((plan) => ({ plan, folder: join(folder, plan.name) }))
}
