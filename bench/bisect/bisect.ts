/**
 * How well `tidemark bisect` finds a commit: histories of 64 commits, simulated on the numbers directly, at the default options.
 * Prints Markdown, each goal with what was measured, met or missed (exit code 1):
 *
 *     npx jiti bench/bisect/bisect.ts > bench/results/bisect.md
 */
import { bisectOptions } from '../../src/options/refs.js'
import { defaultValues } from '../../src/options/types/spec.js'
import type { BisectRound } from '../../src/verdict/bisect/evidence.js'
import { type BisectStep, nextBisectStep } from '../../src/verdict/bisect/next-step.js'
import { drawsOf } from '../support/draws.js'

const HISTORIES = 1000
const COMMITS = 64
/** Standard deviation between trials, as a share of the level; and of the drift of the machine from round to round. */
const SPREAD = 0.01
const DRIFT = 0.002

interface Scenario {
  what: string
  /** The level of each commit, from what is drawn at random for this history. */
  levels(draw: () => number): { levels: number[]; steps: number[] }
  skipped?: (draw: () => number) => Set<number>
  isRight(step: BisectStep, steps: readonly number[]): boolean
  mostBuilds?: number
  goal?: number
}

const found = (step: BisectStep, steps: readonly number[]) => step.kind === 'found' && steps.includes(step.commit)
const stepsOf = (count: number, size: number) => (draw: () => number) => {
  const steps = Array.from({ length: count }, () => 1 + Math.floor(COMMITS * draw()))
  const levels = Array.from(
    { length: COMMITS + 1 },
    (_, commit) => 1 + size * steps.filter((step) => step <= commit).length,
  )
  return { levels, steps }
}

const scenarios: Scenario[] = [
  { what: 'one step of 5 %, at most 9 builds', levels: stepsOf(1, 0.05), isRight: found, mostBuilds: 9, goal: 95 },
  { what: 'one step of 2 %, at most 9 builds', levels: stepsOf(1, 0.02), isRight: found, mostBuilds: 9, goal: 80 },
  { what: 'one step of 2 %', levels: stepsOf(1, 0.02), isRight: found },
  { what: 'two steps of 5 %, one of them', levels: stepsOf(2, 0.05), isRight: found, goal: 95 },
  { what: 'two steps of 2 %, one of them', levels: stepsOf(2, 0.02), isRight: found },
  {
    what: 'no change, and it finds none',
    levels: stepsOf(0, 0),
    isRight: ({ kind }) => kind === 'no change' || kind === 'not worse',
    goal: 95,
  },
  {
    what: '5 % in 64 steps, and it says that no single one did',
    levels: () => ({ levels: Array.from({ length: COMMITS + 1 }, (_, i) => 1 + (0.05 * i) / COMMITS), steps: [] }),
    isRight: ({ kind }) => kind === 'no single one',
  },
  {
    what: 'one step of 5 %, one commit in five does not build',
    levels: stepsOf(1, 0.05),
    skipped: (draw) =>
      new Set(Array.from({ length: COMMITS + 1 }, (_, i) => i).filter((i) => i % COMMITS !== 0 && draw() < 0.2)),
    isRight: (step, [culprit]) =>
      (step.kind === 'found' && step.commit === culprit) || (step.kind === 'one of' && step.commits.includes(culprit!)),
  },
]

console.log(`# How well \`tidemark bisect\` finds a commit

Made by \`npx jiti bench/bisect/bisect.ts\`, Node ${process.version}: ${HISTORIES} simulated histories of ${COMMITS} commits each, 1 % between trials, the
machine drifting by 0.2 % from one round of trials to the next, at the default options. Right is what the row says; where it names a
number of builds, a history that took more is wrong. Builds count both ends.

| history | right in 100 | builds, median | most | trials, median | goal | |
| --- | ---: | ---: | ---: | ---: | ---: | --- |`)

let missed = 0
for (const [place, scenario] of scenarios.entries()) {
  const runs = Array.from({ length: HISTORIES }, (_, history) => search(1_000_000 * (place + 1) + history, scenario))
  const right = (100 * runs.filter(({ isRight }) => isRight).length) / HISTORIES
  const builds = sorted(runs.map((run) => run.builds))
  const trials = sorted(runs.map((run) => run.trials))
  const isMet = right >= (scenario.goal ?? 0)
  if (!isMet) missed++
  const goal = scenario.goal === undefined ? ['', ''] : [`at least ${scenario.goal}`, isMet ? 'met' : 'MISSED']
  console.log(
    `| ${scenario.what} | ${right.toFixed(1)} | ${builds[HISTORIES / 2]} | ${builds.at(-1)} | ${trials[HISTORIES / 2]} | ${goal.join(' | ')} |`,
  )
}
process.exitCode = missed === 0 ? 0 : 1

function sorted(values: number[]): number[] {
  return values.sort((a, b) => a - b)
}

function search(seed: number, scenario: Scenario): { isRight: boolean; builds: number; trials: number } {
  const { uniform, normal } = drawsOf(seed)
  const { levels, steps } = scenario.levels(uniform)
  const unbuildable = scenario.skipped?.(uniform) ?? new Set()
  const { minChange, trials: most } = defaultValues(bisectOptions)
  const skipped = new Set<number>()
  const built = new Set<number>()
  const rounds: BisectRound[] = []
  let trials = 0
  let drift = 0
  for (;;) {
    const step = nextBisectStep(COMMITS, rounds, skipped, { minChange, trials: most })
    if (step.kind !== 'measure') {
      const isWithin = built.size <= (scenario.mostBuilds ?? Number.POSITIVE_INFINITY)
      return { isRight: isWithin && scenario.isRight(step, steps), builds: built.size, trials }
    }
    const { low, high, between } = step
    if (between !== null && unbuildable.has(between)) {
      skipped.add(between)
      continue
    }
    drift += DRIFT * normal()
    const measure = (commit: number) => {
      built.add(commit)
      trials++
      return levels[commit]! * (1 + drift) + SPREAD * normal()
    }
    rounds.push({
      low,
      high,
      between,
      values: { low: measure(low), high: measure(high), between: between === null ? null : measure(between) },
    })
  }
}
