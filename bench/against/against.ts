/**
 * How often `tidemark check --against` errs: two versions of a job measured in one run, trial by trial in turn, trials added until
 * the outcome is clear. What differs between runs reaches both sides alike. Prints Markdown, each goal with what was measured,
 * met or missed (exit code 1):
 *
 *     npx jiti bench/against/against.ts > bench/results/against.md
 */

import { gateOptions } from '../../src/options/gate.js'
import { defaultValues } from '../../src/options/types/spec.js'
import { TRIALS_TO_DECIDE } from '../../src/verdict/difference/compare-settings.js'
import { gate, isGateClear } from '../../src/verdict/gate/gate.js'
import { type GatedNumbers, gatedNumbers } from '../../src/verdict/gate/gated-numbers.js'
import { BASE, type SimulatedRun, simulatedRun } from '../gate/simulated-runs.js'

const PAIRS = 2000
const { allowPeak: peak, allowFloor: floor, allowSlope: slope } = defaultValues(gateOptions)
const JOB: Omit<SimulatedRun, 'seed'> = { settings: 1, trials: 5, rounds: 20, spread: 0.01 }

interface Scenario {
  what: string
  run?: Partial<SimulatedRun>
  change?: Partial<SimulatedRun>
  goal?: { atMost?: number; atLeast?: number }
}

const scenarios: Scenario[] = [
  { what: 'no change, 1 % between runs, 5 trials', run: { runSpread: 0.01 }, goal: { atMost: 2 } },
  { what: 'no change, 2 % between runs, 5 trials', run: { runSpread: 0.02 }, goal: { atMost: 2 } },
  { what: 'no change, 2 % between runs, 10 trials', run: { runSpread: 0.02, trials: 10 }, goal: { atMost: 2 } },
  { what: 'no change, 2 % between runs, 20 trials', run: { runSpread: 0.02, trials: 20 }, goal: { atMost: 2 } },
  {
    what: 'no change, 3 % between trials, 6 settings, 10 trials',
    run: { spread: 0.03, settings: 6, trials: 10 },
    goal: { atMost: 2 },
  },
  { what: 'peak 5 % higher, 5 trials', change: { peakFactor: 1.05 }, goal: { atLeast: 95 } },
  {
    what: 'peak 5 % higher, 2 % between trials, 20 trials',
    run: { spread: 0.02, trials: 20 },
    change: { peakFactor: 1.05 },
  },
  { what: 'peak 4 % higher, 20 trials', run: { trials: 20 }, change: { peakFactor: 1.04 } },
  {
    what: 'a leak of 0.1 % of the level a round, 40 rounds, 5 trials',
    run: { rounds: 40 },
    change: { leakBytes: 0.001 * BASE },
    goal: { atLeast: 90 },
  },
]

console.log(`# How often \`tidemark check --against\` errs

Made by \`npx jiti bench/against/against.ts\`, Node ${process.version}: ${PAIRS} simulated pairs of versions, each measured in one run of its own, with the
default options. Trials are added from ${TRIALS_TO_DECIDE} a side until the outcome is clear, up to the number given; 1 % between trials and rounds of
20 where nothing else is given. Without a stored baseline there is none whose luck stays, so one number says it.

| pairs | alarms in 100 | trials a side, median | goal | |
| --- | ---: | ---: | ---: | --- |`)

let missed = 0
for (const [place, { what, run = {}, change = {}, goal }] of scenarios.entries()) {
  const pairs = Array.from({ length: PAIRS }, (_, pair) =>
    onePair(1_000_000 * (place + 1) + 10 * pair, { ...JOB, ...run }, change),
  )
  const alarms = (100 * pairs.filter(({ isAlarm }) => isAlarm).length) / PAIRS
  const trials = pairs.map((pair) => pair.trials).sort((a, b) => a - b)[PAIRS / 2]!
  const isMet = alarms <= (goal?.atMost ?? 100) && alarms >= (goal?.atLeast ?? 0)
  if (!isMet) missed++
  const wanted =
    goal === undefined ? '' : goal.atMost === undefined ? `at least ${goal.atLeast}` : `at most ${goal.atMost}`
  console.log(
    `| ${what} | ${alarms.toFixed(2)} | ${trials} | ${wanted} | ${goal === undefined ? '' : isMet ? 'met' : 'MISSED'} |`,
  )
}
process.exitCode = missed === 0 ? 0 : 1

function onePair(
  seed: number,
  job: Omit<SimulatedRun, 'seed'>,
  change: Partial<SimulatedRun>,
): { isAlarm: boolean; trials: number } {
  // The same seed for the run: both sides stand on one machine, in one hour.
  const before = gatedNumbers(simulatedRun({ ...job, seed, trialSeed: seed + 1 }))
  const after = gatedNumbers(simulatedRun({ ...job, ...change, seed, trialSeed: seed + 2 }))
  const looks = { first: TRIALS_TO_DECIDE, last: job.trials }
  for (let trials = looks.first; ; trials++) {
    const checks = gate(before.map(first(trials)), after.map(first(trials)), { peak, floor, slope }, looks)
    if (isGateClear(checks) || trials === looks.last)
      return { isAlarm: checks.some(({ state }) => state === 'regressed'), trials }
  }
}

function first(trials: number) {
  return (numbers: GatedNumbers): GatedNumbers => ({
    ...numbers,
    peakBytes: numbers.peakBytes.slice(0, trials),
    floorBytes: numbers.floorBytes.slice(0, trials),
    slopeBytesPerRound: numbers.slopeBytesPerRound.slice(0, trials),
  })
}
