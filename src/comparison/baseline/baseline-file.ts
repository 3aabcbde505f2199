import { existsSync } from 'node:fs'
import * as v from 'valibot'
import { checkStored, readStoredText } from '../../recording/storage/stored-file.js'
import { machineSchema, number, settingValues, timeMs } from '../../recording/storage/stored-schemas.js'
import type { Comparison } from '../../results/comparison.js'
import { machineDifferences } from '../../results/machine-differences.js'
import { replaceFile } from '../../shared/atomic-write.js'
import { messageOf, UsageError } from '../../shared/errors.js'
import type { MachineFacts } from '../../shared/machine-facts.js'
import { shellWord } from '../../shared/text.js'
import { TRIALS_TO_DECIDE } from '../../verdict/difference/compare-settings.js'
import { type GatedNumbers, gatedNumbers } from '../../verdict/gate/gated-numbers.js'

/**
 * The numbers that `tidemark check` compares with: a small file, committed beside the code
 * (docs/file-formats.md).
 */
export interface BaselineFile {
  format: 'tidemark-baseline/1'
  /** One entry for each comparison and type of machine. */
  entries: BaselineEntry[]
}

export interface BaselineEntry {
  name: string
  /** Time of the measurement, Unix ms. */
  measuredMs: number
  machine: MachineFacts
  judge: string
  job: Comparison['job']
  settings: GatedNumbers[]
}

/**
 * Reads a baseline file.
 *
 * @throws UsageError when there is no such file, or it is not of this format
 */
export function readBaselineFile(path: string): BaselineFile {
  if (!existsSync(path))
    throw new UsageError(`there is no baseline ${path}`, {
      fix: 'Write one first: the same command with --update-baseline.',
    })
  let value: unknown
  try {
    value = JSON.parse(readStoredText(path))
  } catch (error) {
    throw new UsageError(`cannot read the baseline ${path}: ${messageOf(error)}`, { cause: error })
  }
  const fix = 'Write it again with --update-baseline.'
  return checkStored(value, schema, { file: path, what: 'baseline of this version', fix }) as BaselineFile
}

const numbers = v.array(number)

const schema = v.looseObject({
  format: v.literal('tidemark-baseline/1'),
  entries: v.array(
    v.looseObject({
      name: v.string(),
      measuredMs: timeMs,
      machine: v.looseObject({ ...machineSchema.entries, arch: v.string(), cores: number, node: v.string() }),
      judge: v.string(),
      job: settingValues,
      settings: v.array(
        v.looseObject({
          label: v.string(),
          values: v.optional(settingValues),
          peakBytes: numbers,
          hasSampledPeaks: v.boolean(),
          floorBytes: numbers,
          slopeBytesPerRound: numbers,
          roundMs: v.optional(v.nullable(number)),
        }),
      ),
    }),
  ),
})

/**
 * Makes the entry of a comparison.
 *
 * @param folder the folder of the comparison, where more trials can be added
 * @throws UsageError when the comparison holds too few trials to be a baseline
 */
export function entryOf(comparison: Comparison, folder: string): BaselineEntry {
  const settings = gatedNumbers(comparison)
  const short = settings.find(({ peakBytes }) => peakBytes.length < TRIALS_TO_DECIDE)
  if (short !== undefined)
    throw new UsageError(
      `no baseline was written: ${comparison.name} has ${short.peakBytes.length} completed trials of ${short.label}, and fewer than ${TRIALS_TO_DECIDE} decide nothing`,
      {
        fix: `Add some: tidemark compare --resume ${shellWord(folder)} --more-trials ${TRIALS_TO_DECIDE + 1 - short.peakBytes.length}`,
      },
    )
  const { name, updatedMs, machine, judge, job } = comparison
  return { name, measuredMs: updatedMs, machine, judge, job, settings }
}

/** Replaces the entry of that comparison and type of machine; entries of other machines stay. */
export function withEntry(file: BaselineFile | undefined, entry: BaselineEntry): BaselineFile {
  const others = (file?.entries ?? []).filter((other) => other.name !== entry.name || !isSameType(other, entry))
  return { format: 'tidemark-baseline/1', entries: [...others, entry] }
}

export function isSameType(one: Pick<BaselineEntry, 'machine'>, other: Pick<BaselineEntry, 'machine'>): boolean {
  return machineDifferences(one.machine, other.machine).every(({ bearsOn }) => bearsOn !== 'memory')
}

export function writeBaselineFile(path: string, file: BaselineFile): void {
  try {
    replaceFile(path, `${JSON.stringify(file, null, 1)}\n`)
  } catch (error) {
    throw new UsageError(`cannot write the baseline ${path}: ${messageOf(error)}`, { cause: error })
  }
}
