import type { Comparison } from '../experiment/comparison.js'
import { axisOptions, compareOptions, jobOptions, type OptionTable, roundOptions, trainingOptions } from '../options.js'

const JOB_OPTIONS: OptionTable = { ...jobOptions, ...trainingOptions, ...roundOptions }

/** The command line that runs the same comparison again; what the command line has no option for is left to the name. */
export function reproduceCommand(comparison: Comparison): string {
  const { job, settings, seed, trialsPerSetting } = comparison
  const words = ['tidemark', 'compare', String(job.algorithm ?? comparison.name)]
  for (const [key, value] of Object.entries(job)) {
    const option = JOB_OPTIONS[key]
    if (option !== undefined && key !== 'seed') words.push(`--${option.flag}`, String(value))
  }
  const axes: OptionTable = axisOptions
  for (const axis of new Set(settings.flatMap(({ values }) => Object.keys(values)))) {
    const option = axes[axis] ?? JOB_OPTIONS[axis]
    const values = new Set(settings.map((setting) => setting.values[axis]))
    if (option !== undefined) words.push(`--${option.flag}`, [...values].join(','))
  }
  words.push(`--${compareOptions.trials.flag}`, String(trialsPerSetting), `--${jobOptions.seed.flag}`, String(seed))
  return words.map(shellWord).join(' ')
}

function shellWord(word: string): string {
  return /^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
