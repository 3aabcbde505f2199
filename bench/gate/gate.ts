/**
 * How often the gate alarms: simulated CI runs without a change, and with one, each against a stored baseline, at the default
 * options. Prints Markdown, each goal with what was measured, met or missed (exit code 1):
 *
 *     npx jiti bench/gate/gate.ts > bench/results/gate.md
 */

import { gateOptions } from '../../src/options/gate.js'
import { defaultValues } from '../../src/options/types/spec.js'
import { MIB } from '../../src/shared/units.js'
import { gate } from '../../src/verdict/gate/gate.js'
import { gatedNumbers } from '../../src/verdict/gate/gated-numbers.js'
import { type SimulatedRun, simulatedRun } from './simulated-runs.js'

/** A CI has one baseline for many runs, so its luck stays: each scenario is repeated over so many baselines. */
const BASELINES = 20
const RUNS = 100

const { allowPeak: peak, allowFloor: floor, allowSlope: slope } = defaultValues(gateOptions)
const JOB: Omit<SimulatedRun, 'seed'> = { settings: 1, trials: 5, rounds: 20, spread: 0.01 }

interface Scenario {
  what: string
  run: Partial<SimulatedRun>
  change?: Partial<SimulatedRun>
  goal?: { atMost?: number; atLeast?: number }
}

const scenarios: Scenario[] = [
  { what: 'no change, 1 % spread, 1 setting', run: {}, goal: { atMost: 2 } },
  { what: 'no change, 1 % spread, 6 settings', run: { settings: 6 }, goal: { atMost: 2 } },
  { what: 'no change, 3 % spread, 6 settings', run: { spread: 0.03, settings: 6 }, goal: { atMost: 2 } },
  { what: 'no change, 8 % spread, 6 settings', run: { spread: 0.08, settings: 6 }, goal: { atMost: 2 } },
  { what: 'no change, 1 % spread and 1 % between runs', run: { runSpread: 0.01 } },
  { what: 'no change, 1 % spread and 2 % between runs', run: { runSpread: 0.02 } },
  { what: 'peak 5 % higher, 1 % spread, 1 setting', run: {}, change: { peakFactor: 1.05 }, goal: { atLeast: 95 } },
  { what: 'peak 5 % higher, 1 % spread, 6 settings', run: { settings: 6 }, change: { peakFactor: 1.05 } },
  { what: 'peak 5 % higher, 2 % spread, 1 setting', run: { spread: 0.02 }, change: { peakFactor: 1.05 } },
  { what: 'peak 4 % higher, 1 % spread, 1 setting', run: {}, change: { peakFactor: 1.04 } },
  { what: 'leak of 1 MiB a round, 1 % spread, 1 setting', run: {}, change: { leakBytes: MIB } },
]

console.log(`# How often \`tidemark check\` alarms

Made by \`npx jiti bench/gate/gate.ts\`, Node ${process.version}: ${RUNS} simulated CI runs against each of ${BASELINES} stored baselines, with the
default options, 5 trials a setting of 20 rounds. The goal is on the mean over the baselines; a CI lives with one of them, so the
best and the worst are beside it.

| runs | alarms in ${RUNS}, mean | fewest | most | goal | |
| --- | ---: | ---: | ---: | ---: | --- |`)

let missed = 0
for (const [place, { what, run, change = {}, goal }] of scenarios.entries()) {
  const alarms = Array.from({ length: BASELINES }, (_, baseline) =>
    alarmsAgainst(baseline, place, { ...JOB, ...run }, change),
  )
  const mean = alarms.reduce((sum, one) => sum + one, 0) / BASELINES
  const isMet = mean <= (goal?.atMost ?? RUNS) && mean >= (goal?.atLeast ?? 0)
  if (!isMet) missed++
  const wanted =
    goal === undefined ? '' : goal.atMost === undefined ? `at least ${goal.atLeast}` : `at most ${goal.atMost}`
  console.log(
    `| ${what} | ${mean.toFixed(2)} | ${Math.min(...alarms)} | ${Math.max(...alarms)} | ${wanted} | ${goal === undefined ? '' : isMet ? 'met' : 'MISSED'} |`,
  )
}
process.exitCode = missed === 0 ? 0 : 1

function alarmsAgainst(
  baseline: number,
  place: number,
  job: Omit<SimulatedRun, 'seed'>,
  change: Partial<SimulatedRun>,
): number {
  const seed = 1_000_000 * place + 1000 * baseline
  const stored = gatedNumbers(simulatedRun({ ...job, seed }))
  let alarms = 0
  for (let run = 1; run <= RUNS; run++) {
    const now = gatedNumbers(simulatedRun({ ...job, ...change, seed: seed + run }))
    if (gate(stored, now, { peak, floor, slope }).some(({ state }) => state === 'regressed')) alarms++
  }
  return alarms
}
