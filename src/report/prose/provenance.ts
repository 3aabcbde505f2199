import { sum } from 'd3'
import { plannedTrials } from '../../comparison/plan/shard.js'
import type { Comparison } from '../../results/comparison.js'
import { count } from '../../shared/text.js'
import { formatBytes, formatDuration } from '../../shared/units.js'

/** Returns names and values that a reader needs to judge the numbers: the machine, then the job. */
export function machineFacts({ machine }: Comparison): [name: string, value: string][] {
  const unknown = 'could not be read'
  const limit = machine.cgroupLimitBytes === null ? 'no limit' : formatBytes(machine.cgroupLimitBytes)
  return [
    ['machine', machine.hostname],
    [
      'processor',
      `${machine.cpuModel ?? unknown}, ${machine.cores} ${machine.cores === 1 ? 'core' : 'cores'}, ${machine.arch}`,
    ],
    [
      'memory',
      `${formatBytes(machine.memoryBytes)}, cgroup${machine.cgroupVersion === null ? '' : ` v${machine.cgroupVersion}`}: ${limit}`,
    ],
    [
      'kernel',
      `${machine.kernel}, transparent huge pages: ${machine.transparentHugePages ?? unknown}, pages of ${formatBytes(machine.pageSizeBytes)}`,
    ],
    ['Node', machine.node],
    ['glibc', machine.glibc ?? unknown],
    ...(machine.samplingLoop === undefined
      ? []
      : [['sampling loop', machine.samplingLoop === 'c' ? 'C' : 'JavaScript'] satisfies [string, string]]),
  ]
}

export function jobFacts(comparison: Comparison): [name: string, value: string][] {
  const { job, modelBytes, seed, trialsPerSetting, settings } = comparison
  return [
    ...Object.entries(job).map(([name, value]): [string, string] => [inWords(name), String(value)]),
    ['M, one set of weights', modelBytes === null ? 'not known from any trial' : formatBytes(modelBytes)],
    [
      'settings',
      `${settings.length}, ${trialsPerSetting} ${trialsPerSetting === 1 ? 'trial' : 'trials'} each, seed ${seed}`,
    ],
    ['started', new Date(comparison.createdMs).toISOString()],
    ['trials took', formatDuration(sum(comparison.trials, ({ startedMs, endedMs }) => endedMs - startedMs))],
    ...turnFacts(comparison),
  ]
}

/**
 * Returns which peer of a swarm aggregated which rounds. Trials with the same turns share a line.
 */
function turnFacts({ trials }: Comparison): [name: string, value: string][] {
  const byTurns = new Map<string, string[]>()
  for (const { setting, trial, rounds } of trials) {
    const turns = turnsOf(rounds)
    if (turns !== '') byTurns.set(turns, [...(byTurns.get(turns) ?? []), `${setting}, trial ${trial}`])
  }
  return [...byTurns].map(([turns, who]) => [byTurns.size === 1 ? 'turns' : `turns in ${who.join('; ')}`, turns])
}

function turnsOf(rounds: readonly { round: number; aggregator?: string }[]): string {
  const turns = new Map(rounds.flatMap(({ round, aggregator }) => (aggregator ? [[round, aggregator] as const] : [])))
  const names = [...new Set(turns.values())].sort()
  const ofPeer = (name: string) => [...turns].filter(([, one]) => one === name).map(([round]) => round)
  return names
    .map(
      (name) =>
        `${name} added up round ${ofPeer(name)
          .sort((a, b) => a - b)
          .join(', ')}`,
    )
    .join('; ')
}

/**
 * Returns what a reader must know before any number: the comparison's own warnings, missing trials,
 * sampled peaks.
 */
export function warningsOf(comparison: Comparison): string[] {
  const { trials, state, shard } = comparison
  const warnings = [...comparison.warnings]
  const planned = plannedTrials(comparison)
  if (shard !== undefined)
    warnings.push(
      `This is part ${shard.index} of ${shard.of}; tidemark merge joins the parts, and the whole is judged then.`,
    )
  const completed = trials.filter((trial) => trial.state === 'completed').length
  if (state !== 'completed')
    warnings.push(
      `The comparison ${state === 'running' ? 'still runs, or was cut off' : 'was stopped'}: ${completed} of ${count(planned, 'trial')} ${planned === 1 ? 'is' : 'are'} complete.`,
    )
  for (const { setting, trial, state: ended, reason } of trials) {
    if (ended !== 'completed')
      warnings.push(
        `Trial ${trial} of ${setting} ${ended === 'failed' ? 'failed' : 'was stopped'}: ${reason ?? 'no reason was recorded'}`,
      )
  }
  for (const { text, count, isSame } of warningsOfTrials(comparison)) {
    const where = count === trials.length && count > 1 ? 'In every trial' : `In ${count} of ${trials.length} trials`
    warnings.push(`${where}${isSame ? '' : ', for example'}: ${text}`)
  }
  if (trials.some(({ rounds }) => rounds.some(({ peakKind }) => peakKind === 'sampled'))) {
    warnings.push('Peaks of some rounds are sampled, not exact: what happened between two samples is not in them.')
  }
  return warnings
}

/**
 * Returns the warnings of trials. Those that differ in numbers alone, as pids and counts, are one.
 */
function warningsOfTrials({ trials }: Comparison): { text: string; count: number; isSame: boolean }[] {
  const found = new Map<string, { text: string; count: number; isSame: boolean }>()
  for (const { warnings, reason } of trials) {
    // A recording that failed repeats the trial's reason, which is already in the list.
    const own = new Map(warnings.filter((text) => text !== reason).map((text) => [text.replaceAll(/\d+/g, '#'), text]))
    for (const [key, text] of own) {
      const known = found.get(key) ?? { text, count: 0, isSame: true }
      found.set(key, { text: known.text, count: known.count + 1, isSame: known.isSame && known.text === text })
    }
  }
  return [...found.values()]
}

/** Turns `modelSize` into `model size`. */
export function inWords(key: string): string {
  return key.replaceAll(/([a-z])([A-Z])/g, (_, before: string, after: string) => `${before} ${after.toLowerCase()}`)
}
