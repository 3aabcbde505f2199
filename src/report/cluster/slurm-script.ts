import { shellWord } from '../../shared/text.js'
import { formatBytes, MIB } from '../../shared/units.js'
import { OWN_BYTES, type ShardedJob } from './sharded-job.js'

/**
 * Returns a script for `sbatch`: a job array with a task for each part. Slurm ends a task that
 * exceeds `--mem`; the trial is then missing from its part. A task is not requeued: its
 * measurements are kept, and `--resume` continues.
 *
 * @param folder the folder that the script runs in
 * @param results the folder of the parts
 */
export function slurmScript(
  { name, shards, cores, compareArguments, memory }: ShardedJob,
  { folder, results }: { folder: string; results: string },
): string {
  const parts = `${shellWord(results)}/"$SLURM_ARRAY_TASK_ID"`
  const command = ['tidemark', 'compare', ...compareArguments].map(shellWord).join(' ')
  return [
    '#!/bin/bash',
    `#SBATCH --job-name=tidemark-${name}`,
    `#SBATCH --array=1-${shards}`,
    `#SBATCH --cpus-per-task=${cores}`,
    ...memoryLines(memory),
    '#SBATCH --no-requeue',
    `#SBATCH --output=tidemark-${name}-%a.log`,
    '# Other jobs on a node disturb the times; where the cluster allows it, add: #SBATCH --exclusive',
    '#',
    `# When all parts have ended: tidemark merge ${shellWord(results)}/* --out ${shellWord(`${results}-merged`)}`,
    'set -euo pipefail',
    `cd ${shellWord(folder)}`,
    `exec ${command} --shard auto/${shards} --out ${parts}`,
    '',
  ].join('\n')
}

/** Returns the memory of a task as one number, with a comment that shows its parts. */
function memoryLines({ roles, totalBytes }: ShardedJob['memory']): string[] {
  if (roles.length === 0) return ['# --memory ROLE=SIZE sets a limit here: none was given']
  const sum = roles.map(({ role, bytes, processes }) => `${processes} x ${role} ${formatBytes(bytes)}`)
  return [
    `# Memory: ${[...sum, `Tidemark ${formatBytes(OWN_BYTES)}`].join(' + ')}`,
    `#SBATCH --mem=${Math.ceil(totalBytes / MIB)}M`,
  ]
}
