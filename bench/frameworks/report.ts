import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import type { Comparison, TrialResult } from '../../src/results/comparison.js'
import { MIB } from '../../src/shared/units.js'
import { median } from '../../src/statistics/median.js'
import { judgedRounds } from '../../src/verdict/difference/setting-summary.js'
import { analyzeRounds } from '../../src/verdict/shape/analyze-rounds.js'
import type { Family } from './families.js'

const MODEL_BYTES = 100 * MIB
/** The last round of a job is read while it frees its model, so it is shown nowhere and judged nowhere. */
function judgedUntil({ rounds }: Family): number {
  return rounds - 1
}

function shownRounds({ rounds }: Family): number[] {
  return rounds === 20 ? [1, 4, 5, 9, 10, 14, 15, 19] : [1, 10, 20, 40, 60, 80, rounds - 1]
}

interface Options {
  work: string
  tidemark: readonly string[]
  isDone(part: string): boolean
}

interface PartFile {
  startedMs: number
  endedMs: number
  load: { timeMs: number; load: number }[]
}

/** The page of results and the figures that it shows, from what the work folder has. */
export function frameworksReport(
  known: readonly Family[],
  options: Options,
): { text: string; figures: { from: string; name: string }[] } {
  const figures: { from: string; name: string }[] = []
  const missing: string[] = []
  const sections = known.flatMap((family) => {
    const blocks = Array.from({ length: family.trials }, (_, index) => index + 1)
    const done = blocks.filter((block) => options.isDone(`${family.name}-${block}`))
    const absent = blocks.filter((block) => !done.includes(block))
    if (absent.length > 0)
      missing.push(`${family.name}: trial ${absent.join(', ')} of ${family.trials} of each setting`)
    if (done.length === 0) return []
    const parts = done.map((block) => join(options.work, `${family.name}-${block}`))
    const merged = merge(family, parts, options)
    const figure = join(merged, 'figures/end-rss-by-round.png')
    if (existsSync(figure)) figures.push({ from: figure, name: `${family.name}.png` })
    const load = done.flatMap((block) => partFile(options.work, `${family.name}-${block}`))
    return [section(family, readComparison(merged), load, existsSync(figure))]
  })
  const text = [
    heading(),
    ...sections,
    cleanupTimes(options.work),
    '## Missing\n',
    missing.length === 0 ? 'Nothing.' : missing.map((line) => `- ${line}`).join('\n'),
    '',
  ].join('\n')
  return { text, figures }
}

function heading(): string {
  return `# Real frameworks: end RSS of the server by round

Two clients that send the weights back, M = 100 MiB of float32, 20 rounds but where said, ${cpus().length} cores, NVFlare 2.9.0, Flower 1.42.0, glibc. All MiB.
Trials ran one after another. The load average stands with each job, its own work included: much more than the number of cores is other
work, which does not change memory, read from the kernel, and makes times upper bounds. The last round is left out: it is read while
the job frees its model. Peaks are the kernel's, of any round.
\`arena=unset\` is glibc's own choice, \`arena=4\` is \`MALLOC_ARENA_MAX=4\` for the server and, since the simulator's clients inherit it, for
the clients too.
`
}

function section(family: Family, comparison: Comparison, parts: readonly PartFile[], hasFigure: boolean): string {
  const rows = comparison.settings.map(({ label, values }) => row(family, { label, values }, comparison))
  const head = [
    family.name,
    'trials',
    ...shownRounds(family).map((round) => `r ${round}`),
    `lowest r 10 to ${judgedUntil(family)}`,
    'peak',
    'peak, M',
    's a round',
  ]
  const failed = comparison.trials.filter(({ state }) => state === 'failed')
  return [
    `## ${family.title}\n`,
    `| ${head.join(' | ')} |`,
    `| --- |${' ---: |'.repeat(head.length - 1)}`,
    ...rows.map(({ cells }) => `| ${cells.join(' | ')} |`),
    '',
    ...rows.flatMap(({ label, verdict }) => (verdict === undefined ? [] : [`- **${label}** ${verdict}`])),
    ...failed.map(({ setting, trial, reason }) => `- failed: trial ${trial} of ${setting}: ${reason}`),
    '',
    `Load average while it ran: ${loads(parts)}.`,
    ...(hasFigure ? ['', `![End RSS by round](frameworks/${family.name}.png)`] : []),
    '',
  ].join('\n')
}

function row(family: Family, { label, values }: Comparison['settings'][number], comparison: Comparison) {
  const trials = comparison.trials.filter((trial) => trial.setting === label && trial.state === 'completed')
  const series = trials.map((trial) => roundsOf(family, trial, comparison.judge))
  const over = (pick: (rounds: ReturnType<typeof roundsOf>) => number | undefined) => {
    const numbers = series.flatMap((rounds) => pick(rounds) ?? [])
    return numbers.length === 0 ? undefined : median(numbers)
  }
  const mib = (bytes: number | undefined) => (bytes === undefined ? 'missing' : (bytes / MIB).toFixed(0))
  const peak = over((rounds) => Math.max(...rounds.map(({ peakBytes }) => peakBytes ?? 0)))
  const cells = [
    label,
    String(trials.length),
    ...shownRounds(family).map((round) =>
      mib(over((rounds) => rounds.find((one) => one.round === round)?.end.rssBytes)),
    ),
    mib(over((rounds) => Math.min(...rounds.filter(({ round }) => round >= 10).map(({ end }) => end.rssBytes)))),
    mib(peak),
    peak === undefined ? 'missing' : (peak / MODEL_BYTES).toFixed(1),
    over((rounds) => median(rounds.map(({ startedMs, endedMs }) => endedMs - startedMs)) / 1000)?.toFixed(1) ??
      'missing',
  ]
  const gcRounds = Number(values.serverMemoryGcRounds)
  const judged = series.map((rounds) => rounds.map(({ round, end }) => ({ round, bytes: end.rssBytes })))
  return { label, cells, verdict: judged.length === 0 ? undefined : analyzeRounds(judged, { gcRounds }).reason }
}

function roundsOf(family: Family, trial: TrialResult, judge: string) {
  return judgedRounds(trial, judge).filter(({ round }) => round <= judgedUntil(family))
}

function loads(parts: readonly PartFile[]): string {
  const all = parts.flatMap(({ load }) => load.map((one) => one.load)).sort((a, b) => a - b)
  if (all.length === 0) return 'not recorded'
  return `median ${median(all).toFixed(0)}, ${all[0]!.toFixed(0)} to ${all.at(-1)!.toFixed(0)}`
}

/** NVFlare's own cleanup, step by step, as the `cleanup` part has timed it inside the server. */
function cleanupTimes(work: string): string {
  const rows = ['unset', '4'].map((arenas) => {
    const file = join(work, `cleanup-times-${arenas}.txt`)
    if (!existsSync(file)) return `| ${arenas} | missing | missing |`
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
    const of = (step: string) => {
      const cpu = lines.map((line) => line.split(' ')).flatMap(([name, , ms]) => (name === step ? [Number(ms)] : []))
      return `${median(cpu).toFixed(1)} (${Math.min(...cpu).toFixed(1)} to ${Math.max(...cpu).toFixed(1)}), n = ${cpu.length}`
    }
    return `| ${arenas} | ${of('gc')} | ${of('trim')} |`
  })
  return [
    '## What a cleanup of NVFlare costs\n',
    'FedAvg, 25 x 4 MiB, cleanup every round: processor time of the server thread that cleans up, in ms, median and range. Processor time',
    'does not count what other work on the machine takes.\n',
    '| MALLOC_ARENA_MAX | gc.collect() | malloc_trim(0) |',
    '| --- | ---: | ---: |',
    ...rows,
    '',
  ].join('\n')
}

function merge({ name }: Family, parts: readonly string[], { work, tidemark }: Options): string {
  if (parts.length === 1) return parts[0]!
  const out = join(work, `merged-${name}`)
  rmSync(out, { recursive: true, force: true })
  const [program, ...args] = [...tidemark, 'merge', ...parts, '--out', out]
  const merged = spawnSync(program!, args, { encoding: 'utf8' })
  if (!existsSync(join(out, 'comparison.json'))) throw new Error(`merging ${name} failed: ${merged.stderr}`)
  return out
}

function readComparison(folder: string): Comparison {
  return JSON.parse(readFileSync(join(folder, 'comparison.json'), 'utf8'))
}

function partFile(work: string, name: string): PartFile[] {
  const file = join(work, `${name}.json`)
  return existsSync(file) ? [JSON.parse(readFileSync(file, 'utf8'))] : []
}
