/**
 * How often comparisons that stop when decided (`--until-decided`) claim a difference that is none, and how soon they stop.
 * Drawn numbers: n trials a setting from 3 up to 6, looked at after every round of trials.
 *
 * npx jiti bench/until-decided.ts
 */
import { chooseSetting } from '../src/verdict/choose-setting.js'
import { compareSettings, seededRandom } from '../src/verdict/difference/compare-settings.js'
import type { SettingSummary, Spread } from '../src/verdict/difference/setting-summary.js'

const LOOKS = { first: 3, last: 6 }
const RUNS = 4000
const random = seededRandom(2026)

function normal(): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** Noise of a trial as a share of its level. */
const NOISE: Record<string, () => number> = {
  normal: () => 0.02 * normal(),
  'skew (log-normal)': () => 0.02 * (Math.exp(normal()) - Math.exp(0.5)),
  'heavy tails (t, 3)': () => 0.02 * (normal() / Math.sqrt((normal() ** 2 + normal() ** 2 + normal() ** 2) / 3)),
  'one in ten far off': () => (random() < 0.1 ? 0.1 : 0.01 * normal()),
}

function spreadOf(values: number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const n = sorted.length
  return { median: (sorted[(n - 1) >> 1]! + sorted[n >> 1]!) / 2, low: sorted[0]!, high: sorted[n - 1]!, values }
}

function summaryOf(label: string, peaks: number[]): SettingSummary {
  const spread = spreadOf(peaks)
  return {
    label,
    trials: peaks.length,
    failedTrials: 0,
    initialRssBytes: null,
    peakBytes: spread,
    hasSampledPeaks: false,
    endRssBytes: spread,
    increaseBytes: null,
    floorBytes: null,
    cleanupMsPerRound: null,
    roundMs: null,
    accuracy: null,
  }
}

/** One claim of a difference at any look, of two settings that do not differ. */
function claims(noise: () => number, looks: typeof LOOKS | undefined): boolean {
  const draw = () => Array.from({ length: LOOKS.last }, () => 100 * (1 + noise()))
  const [a, b] = [draw(), draw()]
  for (let n = looks === undefined ? 4 : LOOKS.first; n <= LOOKS.last; n++) {
    const { decision } = compareSettings(a.slice(0, n), b.slice(0, n), { looks, bootstrapDraws: 1 })
    if (decision === 'lower' || decision === 'higher') return true
  }
  return false
}

/** Stops when the choice is decided; the setting chosen, and at how many trials. */
function choice(levels: readonly number[], noise: () => number): { label: string | null; trials: number } {
  const changes = new Map(levels.map((_, i) => [String(i), i]))
  const all = levels.map((level) => Array.from({ length: LOOKS.last }, () => level * (1 + noise())))
  for (let n = LOOKS.first; ; n++) {
    const { label, open } = chooseSetting(
      all.map((values, i) => summaryOf(String(i), values.slice(0, n))),
      { limitBytes: null, changes, looks: LOOKS },
    )
    if ((label !== null && open.length === 0) || n === LOOKS.last) return { label, trials: n }
  }
}

console.log(
  '| noise | claims of a difference that is none, looked at 3 to 6 trials | the same without spending, from 4 |',
)
console.log('| --- | --- | --- |')
for (const [name, noise] of Object.entries(NOISE)) {
  const share = (looks: typeof LOOKS | undefined) =>
    (Array.from({ length: RUNS }, () => claims(noise, looks)).filter(Boolean).length / RUNS) * 100
  console.log(`| ${name} | ${share(LOOKS).toFixed(1)} % | ${share(undefined).toFixed(1)} % |`)
}
console.log('\n| settings, by their true peaks | noise | not the setting to take | mean trials a setting at the stop |')
console.log('| --- | --- | --- | --- |')
for (const levels of [
  [100, 100, 100],
  [105, 101, 77],
  [105, 104, 101, 100, 77, 76.8],
]) {
  for (const [name, noise] of Object.entries(NOISE)) {
    const best = levels.findIndex((level) => level <= 1.05 * Math.min(...levels))
    const runs = Array.from({ length: 1000 }, () => choice(levels, noise))
    const wrong = runs.filter(({ label }) => label !== String(best)).length / 10
    const mean = runs.reduce((sum, { trials }) => sum + trials, 0) / runs.length
    console.log(`| ${levels.join(', ')} | ${name} | ${wrong.toFixed(1)} % | ${mean.toFixed(2)} |`)
  }
}
