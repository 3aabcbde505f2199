import type { Comparison } from '../../results/comparison.js'
import type { ScheduledTrial } from '../plan/schedule.js'
/**
 * Detects a comparison that cannot succeed: the first trials, of two settings if there are two,
 * ended well but lacked what the user asked for. Hours of further trials would end the same way.
 */
export function trialsInVain({
  settings,
  trials,
}: Comparison): (trial: ScheduledTrial, mismatch: string[]) => string | undefined {
  let isHopeful = trials.some(({ state }) => state === 'completed')
  const inVain = new Set<string>()
  return ({ setting }, mismatch) => {
    if (mismatch.length === 0) isHopeful = true
    if (isHopeful) return undefined
    inVain.add(setting)
    if (inVain.size < Math.min(2, settings.length)) return undefined
    return `The comparison stopped here, since every other trial would fail like ${inVain.size === 1 ? 'this one' : 'these'}.\n${mismatch.join('\n')}`
  }
}

/**
 * Failed trials of a setting after which it gets no more: all failed alike and none completed, so
 * the others would fail too.
 */
export const TRIALS_TO_GIVE_UP = 3

export function isHopeless({ trials }: Comparison, label: string): boolean {
  const own = trials.filter(({ setting, state }) => setting === label && state !== 'stopped')
  if (own.length < TRIALS_TO_GIVE_UP || own.some(({ state }) => state !== 'failed')) return false
  // Pids, rounds and times differ from trial to trial.
  return new Set(own.map(({ reason }) => reason?.replaceAll(/\d+(\.\d+)?/g, '#'))).size === 1
}

/** Warns once, with the reason, that a setting gets no more trials. */
export function giveUp(comparison: Comparison, label: string): void {
  const failed = comparison.trials.filter(({ setting }) => setting === label)
  const warning = `${label} was given up after ${failed.length} trials that failed alike: ${failed.at(-1)?.reason ?? 'no reason was recorded'}`
  if (!comparison.warnings.includes(warning)) comparison.warnings.push(warning)
}
