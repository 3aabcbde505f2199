/** One combination of memory settings, for example `gc=5 arena=4`. */
export interface Setting {
  /** Short and unique within a comparison. */
  label: string
  /**
   * By the name of the axis, for example `{ serverMemoryGcRounds: 5, arenaMax: 4, allocator:
   * 'glibc' }`.
   */
  values: Record<string, string | number>
}

/** The values of each axis, by its name. */
export type Axes = Record<string, readonly (string | number)[]>

/** Names that are short in labels, tables and figures; any other axis goes by its own name. */
const SHORT_NAMES: Record<string, string> = {
  serverMemoryGcRounds: 'gc',
  memoryGcRounds: 'gc',
  clientMemoryGcRounds: 'client-gc',
  arenaMax: 'arena',
}

/**
 * Every combination of the axes' values; the last axis varies fastest. The first setting is what
 * the others are compared with. A label names the axes that vary, or all of them when none does;
 * without an axis the job runs as it is.
 */
export function expandSettings(axes: Axes): Setting[] {
  const names = Object.keys(axes)
  const varying = names.filter((name) => axes[name]!.length > 1)
  const named = varying.length > 0 ? varying : names
  return combinations(axes, names).map((values) => ({
    label: named.length > 0 ? labelOf(named, values) : 'as it is',
    values,
  }))
}

/** Names axes by their short names. */
export function labelOf(names: readonly string[], values: Setting['values']): string {
  return names.map((name) => `${SHORT_NAMES[name] ?? name}=${values[name]}`).join(' ')
}

function combinations(axes: Axes, names: readonly string[]): Setting['values'][] {
  const [first, ...rest] = names
  if (first === undefined) return [{}]
  return axes[first]!.flatMap((value) => combinations(axes, rest).map((others) => ({ [first]: value, ...others })))
}
