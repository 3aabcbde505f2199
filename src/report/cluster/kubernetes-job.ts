import { formatBytes, MIB } from '../../shared/units.js'
import { OWN_BYTES, type ShardedJob } from './sharded-job.js'

/** Exit code of a container that ended with a `UsageError`; running it again cannot help. */
const WRONG_USAGE = 2

/**
 * Returns an Indexed Job as JSON, which `kubectl apply -f` accepts like YAML: a pod for each part,
 * on separate nodes where there are enough. A failed pod is not restarted: its measurements are on
 * the volume, and `--resume` continues.
 * https://kubernetes.io/docs/concepts/workloads/controllers/job/
 */
export function kubernetesJob(
  { name, shards, cores, compareArguments, memory }: ShardedJob,
  { image, claim }: { image: string; claim: string },
): string {
  const labels = { app: 'tidemark', 'tidemark/comparison': name }
  const job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: `tidemark-${name}`, labels, annotations: annotationsOf(memory) },
    spec: {
      completionMode: 'Indexed',
      completions: shards,
      parallelism: shards,
      backoffLimitPerIndex: 0,
      podFailurePolicy: {
        rules: [
          { action: 'FailJob', onExitCodes: { containerName: 'tidemark', operator: 'In', values: [WRONG_USAGE] } },
        ],
      },
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: 'Never',
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: 'kubernetes.io/hostname',
              whenUnsatisfiable: 'ScheduleAnyway',
              labelSelector: { matchLabels: labels },
            },
          ],
          containers: [
            {
              name: 'tidemark',
              image,
              command: ['tidemark', 'compare', ...compareArguments.map(literal)],
              args: ['--shard', `auto/${shards}`, '--out', `/results/${name}/$(JOB_COMPLETION_INDEX)`],
              resources: resourcesOf(cores, memory),
              volumeMounts: [{ name: 'results', mountPath: '/results' }],
            },
          ],
          volumes: [{ name: 'results', persistentVolumeClaim: { claimName: claim } }],
        },
      },
    },
  }
  return `${JSON.stringify(job, null, 2)}\n`
}

/**
 * Escapes a word of a command. Kubernetes replaces `$(NAME)` there; `$$(NAME)` stands for the text
 * itself.
 */
function literal(word: string): string {
  return word.replaceAll('$(', '$$$$(')
}

/**
 * Returns equal requests and limits, so that no pod is evicted because of its neighbours' memory.
 */
function resourcesOf(cores: number, { roles, totalBytes }: ShardedJob['memory']): Record<string, unknown> {
  const cpu = String(cores)
  if (roles.length === 0) return { requests: { cpu }, limits: { cpu } }
  const size = `${Math.ceil(totalBytes / MIB)}Mi`
  return { requests: { cpu, memory: size }, limits: { cpu, memory: size } }
}

function annotationsOf({ roles }: ShardedJob['memory']): Record<string, string> {
  if (roles.length === 0) return {}
  const sum = roles.map(({ role, bytes, processes }) => `${processes} x ${role} ${formatBytes(bytes)}`)
  return { 'tidemark/memory': [...sum, `Tidemark ${formatBytes(OWN_BYTES)}`].join(' + ') }
}
