import type { Comparison } from '../../results/comparison.js'
import { machineDifferences } from '../../results/machine-differences.js'
import type { MachineFacts } from '../../shared/machine-facts.js'

/** A fact of the job or of the machine that differs after a change. */
export interface FactDifference {
  fact: string
  before: string
  after: string
}

/**
 * Returns machine facts that may also have changed the memory. Facts that one side lacks are not
 * compared, since older recordings have fewer.
 */
export function machineFactDifferences(before: Partial<MachineFacts>, after: Partial<MachineFacts>): FactDifference[] {
  const filled = (facts: Partial<MachineFacts>, other: Partial<MachineFacts>): MachineFacts => ({
    ...UNKNOWN,
    ...other,
    ...facts,
  })
  return machineDifferences(filled(before, after), filled(after, before)).map(({ fact, first, second }) => ({
    fact,
    before: first,
    after: second,
  }))
}

/** Compares the facts of two comparisons: what was run, then where. */
export function comparisonFactDifferences(before: Comparison, after: Comparison): FactDifference[] {
  const facts = ({ job, judge, seed, limitBytes }: Comparison): Record<string, unknown> => ({
    ...job,
    judge,
    seed,
    limit: limitBytes ?? 'that of the machine',
  })
  return [...valueDifferences(facts(before), facts(after)), ...machineFactDifferences(before.machine, after.machine)]
}

/** Returns values of the same name that differ; `none` stands for a value that one side lacks. */
export function valueDifferences(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): FactDifference[] {
  const text = (value: unknown) => (value === undefined || value === null ? 'none' : String(value))
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((fact) => text(before[fact]) !== text(after[fact]))
    .map((fact) => ({ fact, before: text(before[fact]), after: text(after[fact]) }))
}

/** Stands for a fact that neither side has. */
const UNKNOWN: MachineFacts = {
  hostname: 'unknown',
  kernel: 'unknown',
  arch: 'unknown',
  cpuModel: null,
  cores: 0,
  memoryBytes: 0,
  cgroupLimitBytes: null,
  cgroupVersion: null,
  transparentHugePages: null,
  pageSizeBytes: 0,
  node: 'unknown',
  glibc: null,
}
