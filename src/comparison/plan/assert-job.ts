import { assertRoundsCanRun, namedOrder } from '../../options/job-check.js'
import { isAlgorithmFile } from '../../options/roles.js'
import type { Setting } from '../../results/setting.js'
import { UsageError } from '../../shared/errors.js'

type Job = Readonly<Record<string, string | number>>

/**
 * Checks that every setting of a job can run, by the rules of its own server or coordinator.
 * Without this check, each trial would start and fail.
 *
 * @throws UsageError that names the option and what would be right
 */
export function assertJob(job: Job, settings: readonly Setting[]): void {
  for (const { values } of settings) assertSetting({ ...job, ...values })
}

function assertSetting(job: Job): void {
  const { algorithm, algorithmOptions = '', clients, sample, minClients, order, rotation, weighting } = job
  const names = clientNames(Number(clients))
  assertRoundsCanRun({
    algorithm: String(algorithm),
    clients: Number(clients),
    sample: Number(sample),
    minClients: Number(minClients),
    order: textOf(order),
    weighting: textOf(weighting),
  })
  if (!isAlgorithmFile(String(algorithm)) && algorithmOptions !== '')
    throw new UsageError(`--algorithm-option ${algorithmOptions}: ${algorithm} has no options of its own`, {
      fix: 'Leave it out. Only an algorithm from a file can have some.',
    })
  assertNames('--order', namedOrder(String(order ?? 'fixed')) ?? [], names)
  assertNames('--rotation', namesOfRotation(String(rotation ?? 'fixed')), names)
}

function assertNames(flag: string, given: readonly string[], names: readonly string[]): void {
  const unknown = given.filter((name) => !names.includes(name))
  if (unknown.length > 0)
    throw new UsageError(`${flag} names ${unknown.join(', ')}, and the job of a comparison has ${names.join(', ')}`, {
      fix: 'Name these, or raise --clients.',
    })
}

function namesOfRotation(rotation: string): string[] {
  return ['round-robin', 'random', 'fixed'].includes(rotation) ? [] : rotation.split(',')
}

function textOf(value: string | number | undefined): string | undefined {
  return value === undefined ? undefined : String(value)
}

/**
 * Returns the names of a comparison's clients or peers. They are padded, because the order of names
 * is the order of data shares.
 */
export function clientNames(count: number): string[] {
  const width = String(count).length
  return Array.from({ length: count }, (_, index) => `site-${String(index + 1).padStart(width, '0')}`)
}
