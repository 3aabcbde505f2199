import type { Comparison } from '../../results/comparison.js'
import type { Shard } from '../../results/shard.js'
import { UsageError } from '../../shared/errors.js'
import type { ScheduledTrial } from './schedule.js'
/**
 * Returns the trials of one shard: every `of`-th block of the schedule, in order. A block holds
 * each setting once, so settings are compared within a machine, and differences between machines
 * affect all settings alike.
 */
export function trialsOfShard(schedule: readonly ScheduledTrial[], shard: Shard | undefined): ScheduledTrial[] {
  if (shard === undefined) return [...schedule]
  return schedule.filter(({ trial }) => (trial - 1) % shard.of === shard.index - 1)
}

/** Returns how many trials a comparison, or a shard of it, has. */
export function plannedTrials({
  settings,
  trialsPerSetting,
  shard,
}: Pick<Comparison, 'settings' | 'trialsPerSetting' | 'shard'>): number {
  const blocks = shard === undefined ? trialsPerSetting : Math.floor((trialsPerSetting - shard.index) / shard.of) + 1
  return settings.length * blocks
}

/** @throws UsageError when a shard would have no trial */
export function assertShardable(trials: number, { of }: Shard): void {
  if (of <= trials) return
  throw new UsageError(
    `--shard: ${of} shards of ${trials} trials of each setting: a shard takes whole trials of all settings, so ${of - trials} would have nothing to do`,
    { fix: `Make at most ${trials} shards, or more trials: --trials ${of}.` },
  )
}

/**
 * A shard as given by the user: its number, or `auto` to take it from the job array that starts it.
 */
export type AskedShard = { index: number | 'auto'; of: number }

/**
 * Returns the shard, with its number from the job array for `auto`: Slurm counts from the array's
 * own minimum, an Indexed Job of Kubernetes from 0.
 *
 * @throws UsageError when no job array sets the number, or it is not one of the shards
 */
export function resolveShard({ index, of }: AskedShard, environment: NodeJS.ProcessEnv): Shard {
  if (index !== 'auto') return { index, of }
  const { SLURM_ARRAY_TASK_ID: task, SLURM_ARRAY_TASK_MIN: first = '1', JOB_COMPLETION_INDEX: completion } = environment
  if (task === undefined && completion === undefined)
    throw new UsageError(
      `--shard auto/${of}: neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set, so the number of this shard is unknown`,
      { fix: `Say it: --shard 1/${of}.` },
    )
  const number = task === undefined ? Number(completion) + 1 : Number(task) - Number(first) + 1
  if (Number.isInteger(number) && number >= 1 && number <= of) return { index: number, of }
  const found = task === undefined ? `JOB_COMPLETION_INDEX=${completion}` : `SLURM_ARRAY_TASK_ID=${task}`
  throw new UsageError(`--shard auto/${of}: found ${found}, which is none of the ${of} shards`)
}
