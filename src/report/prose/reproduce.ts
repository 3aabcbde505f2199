import { join } from 'node:path'
import { compareOptions } from '../../options/comparison.js'
import { jobOptions } from '../../options/federation.js'
import type { Comparison } from '../../results/comparison.js'
import { shellWord } from '../../shared/text.js'

/**
 * Returns the command line that runs the same comparison again: the typed one with the options from
 * the environment, or the stored plan where there was no command line (a comparison of the library,
 * or of an older version).
 *
 * @param folder the folder of the results, relative to the current folder
 */
export function reproduceCommand(comparison: Comparison, folder = '.'): string {
  const { repeat, trialsPerSetting, seed } = comparison
  // A plan holds its trials and its seed; --resume may have added trials since.
  const words =
    repeat === undefined
      ? ['tidemark', 'compare', join(folder, 'plan.json')]
      : [
          ...repeat,
          `--${compareOptions.trials.flag}`,
          String(trialsPerSetting),
          `--${jobOptions.seed.flag}`,
          String(seed),
        ]
  return words.map(shellWord).join(' ')
}
