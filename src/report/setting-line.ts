import { isVariable } from '../comparison/plan/axes.js'
import { axisOptions } from '../options/comparison.js'
import { jobOptions, roundOptions, trainingOptions } from '../options/federation.js'
import type { OptionTable } from '../options/types/spec.js'
import type { Comparison } from '../results/comparison.js'
import { findAllocator } from '../shared/allocator-library.js'
import { shellWord } from '../shared/text.js'

/**
 * Returns the words of a shell or start script that apply a setting: environment variables, then
 * options of a role or placeholders of a command: `MALLOC_ARENA_MAX=4 --server-memory-gc-rounds 1`.
 * Values that need no action are left out (`unset`, glibc, and those of the first setting, which is
 * the baseline).
 *
 * @returns empty for the baseline, which needs nothing set
 */
export function settingLine({ settings, job }: Pick<Comparison, 'settings' | 'job'>, label: string): string {
  const first = settings[0]?.values ?? {}
  const values = settings.find((one) => one.label === label)?.values ?? {}
  const changed = Object.entries(values).filter(
    ([axis, value]) => value !== 'unset' && value !== 'glibc' && value !== first[axis],
  )
  const options: OptionTable = job.command === undefined ? OPTIONS : {}
  const words = changed.map(([axis, value]) => wordsFor(axis, String(value), options))
  return [...words.filter((word) => !word.startsWith('-')), ...words.filter((word) => word.startsWith('-'))].join(' ')
}

const OPTIONS: OptionTable = { ...axisOptions, ...jobOptions, ...roundOptions, ...trainingOptions }

function wordsFor(axis: string, value: string, options: OptionTable): string {
  if (axis === 'arenaMax') return `MALLOC_ARENA_MAX=${value}`
  // Another machine may have the library at another path, or lack it.
  if (axis === 'allocator') return `LD_PRELOAD=${shellWord(findAllocator(value) ?? `lib${value}.so`)}`
  const option = options[axis]
  if (option === undefined || isVariable(axis)) return `${axis}=${shellWord(value)}`
  return `--${option.flag} ${shellWord(value)}`
}
