import type { Setting } from '../../results/setting.js'
import { allocatorLibrary } from '../../shared/allocator-library.js'
import { isVariable } from './axes.js'

/** Turns axes of how a program is launched into variables; undefined removes one. */
export function settingEnvironment(values: Setting['values']): Record<string, string | undefined> {
  const environment: Record<string, string | undefined> = {}
  for (const [axis, value] of Object.entries(values)) {
    if (axis === 'arenaMax') environment.MALLOC_ARENA_MAX = value === 'unset' ? undefined : String(value)
    else if (axis === 'allocator') environment.LD_PRELOAD = allocatorLibrary(String(value))
    else if (isVariable(axis)) environment[axis] = value === 'unset' ? undefined : String(value)
  }
  return environment
}
