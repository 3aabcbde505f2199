import { formatOption, type OptionSpec, type OptionTable } from '../options/types/spec.js'
import type { CommandInput } from './parsing/command.js'

/**
 * Options that the comparison itself holds: `--resume --more-trials` changes the first, and every
 * comparison has the second.
 */
const SET_BY_COMPARISON = ['trials', 'seed']

/**
 * Returns the words of a command line that plans the same comparisons: the job, and every option
 * that was given on the command line or in the environment, except trials and seed.
 *
 * @param table the options that make a plan
 */
export function repeatWords({ arguments: named, options, given }: CommandInput, table: OptionTable): string[] {
  const words = Object.entries(table).flatMap(([key, spec]) =>
    given.has(key) && !SET_BY_COMPARISON.includes(key) ? wordsOf(spec, options[key]) : [],
  )
  return ['tidemark', 'compare', ...named, ...words]
}

/**
 * Returns an option as words: one flag for each text of an option that may be given several times.
 */
function wordsOf(spec: OptionSpec<unknown>, value: unknown): string[] {
  const flag = spec.short === undefined ? `--${spec.flag}` : `-${spec.short}`
  if (value === undefined || value === false) return []
  if (value === true) return [flag]
  const text = formatOption(spec, value)
  if (spec.repeats !== true) return [flag, text]
  return text.split('\n').flatMap((line) => {
    const [name = '', ...rest] = line.split('=')
    return spec.isPair === true ? [flag, name, rest.join('=')] : [flag, line]
  })
}
