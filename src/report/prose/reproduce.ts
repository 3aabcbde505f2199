import { isVariable } from '../../comparison/plan/axes.js'
import {
  axisOptions,
  commandOptions,
  compareOptions,
  jobOptions,
  roundOptions,
  trainingOptions,
} from '../../options/all.js'
import { joinValues } from '../../options/option-types.js'
import type { OptionSpec, OptionTable } from '../../options/spec.js'
import type { Comparison } from '../../results/comparison.js'
import type { Setting } from '../../results/setting.js'
import { shellWord } from './shell-word.js'

const JOB_OPTIONS: OptionTable = { ...jobOptions, ...trainingOptions, ...roundOptions }

/** The command line that runs the same comparison again; what the command line has no option for is left to the name. */
export function reproduceCommand(comparison: Comparison): string {
  const words = comparison.job.command === undefined ? federationWords(comparison) : commandWords(comparison)
  const { seed, trialsPerSetting } = comparison
  words.push(`--${compareOptions.trials.flag}`, String(trialsPerSetting), `--${jobOptions.seed.flag}`, String(seed))
  return words.map(shellWord).join(' ')
}

/** Options of a command that are one text each; the facts of the job have the names of the options. */
const COMMAND_TEXTS = ['command', 'rounds', 'expectedRounds', 'ready', 'load', 'setup', 'teardown'] as const

/** Variables and a folder of its own are only in the file that it came from, so that file is named. */
function commandWords({ job, judge, name, settings }: Comparison): string[] {
  if (job.env !== undefined || job.cwd !== undefined) return ['tidemark', 'compare', `${name}.memory.ts`]
  const words = ['tidemark', 'compare']
  for (const key of COMMAND_TEXTS)
    if (job[key] !== undefined) words.push(`--${commandOptions[key].flag}`, String(job[key]))
  if (job.role !== undefined)
    for (const role of String(job.role).split(', ')) words.push(`--${commandOptions.roles.flag}`, role)
  words.push(`--${commandOptions.judge.flag}`, judge, `--${commandOptions.name.flag}`, name)
  for (const [axis, values] of valuesOfAxes(settings)) {
    const isPlaceholder = String(job.command).includes(`{${axis}}`)
    words.push(...axisWords(axis, values, isPlaceholder ? undefined : (axisOptions as OptionTable)[axis]))
  }
  return words
}

function federationWords({ job, name, settings }: Comparison): string[] {
  const words = ['tidemark', 'compare', String(job.algorithm ?? name)]
  for (const [key, value] of Object.entries(job)) {
    const option = JOB_OPTIONS[key]
    if (option !== undefined && key !== 'seed') words.push(`--${option.flag}`, String(value))
  }
  const axes: OptionTable = axisOptions
  for (const [axis, values] of valuesOfAxes(settings)) {
    const option = axes[axis] ?? JOB_OPTIONS[axis]
    if (option !== undefined || isVariable(axis)) words.push(...axisWords(axis, values, option))
  }
  return words
}

function valuesOfAxes(settings: readonly Setting[]): [string, (string | number)[]][] {
  const axes = [...new Set(settings.flatMap(({ values }) => Object.keys(values)))]
  return axes.map((axis) => [axis, [...new Set(settings.flatMap(({ values }) => values[axis] ?? []))]])
}

/** A placeholder and an environment variable have no option of their own. */
function axisWords(axis: string, values: (string | number)[], option: OptionSpec<unknown> | undefined): string[] {
  if (option !== undefined) return [`--${option.flag}`, values.join(',')]
  return [`-${commandOptions.parameters.short}`, axis, joinValues(values)]
}
