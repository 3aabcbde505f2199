import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { UsageError } from '../errors.js'
import { makeFolder, readJson, writeWhole } from './folder.js'
import { type ComparisonPlan, planComparison } from './plan.js'

/** One of several comparisons, with its folder in theirs. */
interface PlannedComparison {
  plan: ComparisonPlan
  folder: string
}

export interface SuiteFolder {
  folder: string
  comparisons: PlannedComparison[]
}

const SUITE = 'suite.json'
const FORMAT = 'tidemark-suite/1'

/**
 * Makes the folder of several comparisons: `suite.json` says which, in their order, and each gets a folder of its own name.
 *
 * @throws UsageError when two have one name, or the folder is not right; nothing was made then but the folder
 */
export function makeSuiteFolder(out: string | undefined, name: string, plans: readonly ComparisonPlan[]): SuiteFolder {
  const twice = plans.find((plan, index) => plans.findIndex((other) => other.name === plan.name) !== index)
  if (twice !== undefined)
    throw new UsageError(`two comparisons are called "${twice.name}", and each needs a folder of its own`, {
      fix: 'Give one of them another name.',
    })
  const folder = makeFolder(out, name, new Date())
  writeWhole(join(folder, SUITE), { format: FORMAT, plans })
  return { folder, comparisons: placed(folder, plans) }
}

/** The comparisons that a folder was made for; undefined where it is the folder of one. @throws UsageError when it cannot be read */
export function readSuiteFolder(folder: string): PlannedComparison[] | undefined {
  const file = join(folder, SUITE)
  if (!existsSync(file)) return undefined
  const { format, plans } = readJson(folder, file) as { format?: unknown; plans?: unknown }
  if (format !== FORMAT || !Array.isArray(plans))
    throw new UsageError(`${file}: found format ${JSON.stringify(format)}, expected "${FORMAT}" and its plans`)
  return placed(
    folder,
    plans.map((plan: unknown, index) => planComparison(plan, `${file}, plan ${index + 1}`)),
  )
}

function placed(folder: string, plans: readonly ComparisonPlan[]): PlannedComparison[] {
  return plans.map((plan) => ({ plan, folder: join(folder, plan.name) }))
}
