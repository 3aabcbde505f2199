import { plannedTrials } from '../../comparison/plan/shard.js'
import { aggregationCompared } from '../../options/comparison.js'
import type { Comparison } from '../../results/comparison.js'
import { count } from '../../shared/text.js'
import { formatDuration } from '../../shared/units.js'
import type { Difference } from '../../verdict/difference/compare-settings.js'
import { limitOf } from '../../verdict/difference/setting-verdict.js'
import type { FoldedAxis } from '../../verdict/folded-axes.js'
import type { ReportModel } from '../html/report-model.js'
import { settingLine } from '../setting-line.js'
import { behaviour, varyingAxes, verdictWord, withSetting } from './behaviour.js'
import { medianEndRss } from './median-end-rss.js'
import { shortPercent, shortSize, sizeList, sizeRange } from './short-size.js'
import { expectedWords } from './verdict-words.js'

/** Settings that are printed, and their names. */
export interface Shown {
  /** Labels of settings in the order of the comparison. */
  labels: string[]
  /** Printed names by label: without folded settings, and shortened where they are long. */
  names: ReadonlyMap<string, string>
  folded: FoldedAxis[]
}

/**
 * Returns the setting to use in a sentence that can be pasted from, with its benefit and cost;
 * undefined for one setting.
 */
export function useSentence(view: ReportModel, { names }: Shown): { use: string; reason: string } | undefined {
  const { choice, comparison, summaries } = view
  if (summaries.length < 2) return undefined
  if (choice.label === null) return { use: 'no choice yet', reason: whyNoChoice(view) }
  const summary = summaries.find(({ label }) => label === choice.label)!
  const line = settingLine(comparison, choice.label)
  const use = line === '' ? `${names.get(choice.label) ?? choice.label}, as it is` : line
  const limit = limitOf(comparison)
  const above = choice.isUnderLimit === false ? [`no setting stays under ${limit.name}, ${shortSize(limit.bytes)}`] : []
  const difference = view.differences.find(({ label }) => label === choice.label)
  if (difference === undefined) {
    const isOpen = choice.open.length > 0
    const reason = isOpen
      ? `not clearly worse than any other; ${choice.open.map((label) => names.get(label) ?? label).join(', ')} may still be better`
      : 'nothing else is clearly better'
    return { use, reason: [...above, reason].join('; ') }
  }
  const gains = (['peak', 'end'] as const).flatMap((measure) => {
    const one = difference[measure]
    const size = measure === 'peak' ? summary.peakBytes : summary.endRssBytes
    if (one === null || one.decision !== 'lower' || one.share === null || size === null) return []
    return [`${measure} ${shortPercent(one.share)}, to ${shortSize(size.median)}`]
  })
  return { use, reason: [...above, ...gains, ...costs(view, choice.label, difference.roundMs)].join('; ') }
}

function whyNoChoice({ summaries, comparison }: ReportModel): string {
  const completed = summaries.filter(({ trials }) => trials > 0).length
  if (completed === 0) return 'no trial was completed'
  if (completed === 1) return 'only one setting has completed trials'
  const trials = Math.min(...summaries.flatMap((one) => (one.trials > 0 ? [one.trials] : [])))
  const state = comparison.state === 'completed' ? '' : ' so far'
  return `${count(trials, 'trial')} of a setting${state}: what differs may be chance, and 4 trials can tell`
}

/** Returns the costs of a setting, where they were measured. */
function costs(view: ReportModel, label: string, roundMs: Difference | null): string[] {
  const cleanup = view.summaries.find((summary) => summary.label === label)?.cleanupMsPerRound?.median ?? 0
  const inCleanup = cleanup > 0 ? [`cleanup takes ${formatDuration(cleanup)} a round`] : []
  if (roundMs === null || roundMs.share === null) return inCleanup
  switch (roundMs.decision) {
    case 'higher':
      return [...inCleanup, `rounds take ${shortPercent(roundMs.share)} longer`.replace('+', '')]
    case 'lower':
      return [...inCleanup, `rounds are ${shortPercent(-roundMs.share).replace('+', '')} shorter`]
    case 'equivalent':
      return [...inCleanup, 'rounds take as long']
    case 'undecided':
      return [...inCleanup, `round time ${timeRange(roundMs)}undecided`]
    default:
      return inCleanup
  }
}

/** Returns `-10 % to +20 %, `; empty where the interval has no shares. */
function timeRange({ interval }: Difference): string {
  if (interval === null || interval.lowShare === null || interval.highShare === null) return ''
  return `${shortPercent(interval.lowShare)} to ${shortPercent(interval.highShare)}, `
}

/** Describes what memory does in the baseline and in the chosen setting, a sentence each. */
export function storySentences(view: ReportModel, { labels, names }: Shown): string[] {
  const { comparison, summaries, verdicts, choice } = view
  const shown = comparison.settings.filter(({ label }) => labels.includes(label))
  const varying = varyingAxes(shown)
  const described = [comparison.settings[0]?.label, choice.label].filter((label) =>
    summaries.some((summary) => summary.label === label && summary.trials > 0),
  ) as string[]
  return [...new Set(described)].map((label, place) => {
    const index = summaries.findIndex((summary) => summary.label === label)
    const subject = withSetting(comparison.settings[index]!, names.get(label) ?? label, varying)
    const summary = summaries[index]!
    const analysis = verdicts[index]!.analysis
    const does = behaviour({
      analysis,
      endBytes: summary.endRssBytes?.median ?? null,
      floorBytes: summary.floorBytes?.median ?? null,
      endRss: medianEndRss(comparison, label),
    })
    return `${subject} ${place === 0 ? 'memory' : 'it'} ${does}.`
  })
}

/**
 * Describes what the baseline's memory consists of at the end of the job; undefined where that was
 * not measured.
 */
export function whySentence({ verdicts, summaries }: ReportModel, { names }: Shown): string | undefined {
  const found = verdicts.findIndex(({ attribution }) => attribution !== null)
  const verdict = verdicts[found]
  if (verdict?.attribution == null) return undefined
  const { end, cause } = verdict.attribution
  const name = summaries.length === 1 ? 'it' : (names.get(verdict.label) ?? verdict.label)
  const parts = sizeList(
    end.garbageBytes === null
      ? [
          [end.liveBytes, 'in use or garbage'],
          [end.retainedBytes, 'kept by the allocator'],
        ]
      : [
          [end.liveBytes, 'in use'],
          [end.garbageBytes, 'garbage'],
          [end.retainedBytes, 'kept by the allocator'],
        ],
  )
  return `${name} ends with ${parts}${cause === null ? '' : `; most growth is ${CAUSES[cause]}`}`
}

const CAUSES = { live: 'memory in use', garbage: 'garbage', retained: 'what the allocator keeps' } as const

/** Describes how certain the choice is: its differences with their intervals. */
export function sureSentence({ differences, choice }: ReportModel, { names }: Shown): string | undefined {
  const difference = differences.find(({ label }) => label === choice.label)
  if (difference === undefined) return undefined
  const { peak, end, roundMs } = difference
  const memory = (
    [
      ['peak', peak],
      ['end', end],
    ] as const
  ).flatMap(([measure, one]) => {
    if (one?.interval == null) return []
    const { low, high } = one.interval
    const doubt = one.decision === 'undecided' ? ', undecided' : ''
    return [`${measure} ${signedSize(one.change)} (95 %: ${sizeRange(low, high).replace(/ MiB$/, '')})${doubt}`]
  })
  const time =
    roundMs?.interval?.lowShare == null || roundMs.share === null
      ? []
      : [
          roundMs.decision === 'undecided' && roundMs.interval.highShare! - roundMs.interval.lowShare > 1
            ? 'round time undecided'
            : `round time ${shortPercent(roundMs.share)} (${shortPercent(roundMs.interval.lowShare)} to ${shortPercent(roundMs.interval.highShare!)})${roundMs.decision === 'undecided' ? ', undecided' : ''}`,
        ]
  if (memory.length + time.length === 0) return undefined
  const against = names.get(difference.baseline) ?? difference.baseline
  return `against ${against}: ${[...memory, ...time].join('; ')}`
}

/**
 * Reports the suite's expectations that are not met or cannot be decided yet. Settings with the
 * same outcome share a sentence.
 */
export function expectedSentences({ verdicts }: ReportModel, { names }: Shown): string[] {
  const wrong = new Map<string, string[]>()
  const open: string[] = []
  for (const { label, expectation, analysis } of verdicts) {
    if (expectation === null || expectation.state === 'met') continue
    const name = names.get(label) ?? label
    if (expectation.state === 'undecided') {
      open.push(name)
      continue
    }
    const words = `${expectedWords(expectation.expected)} for NAMES, found ${verdictWord(analysis)}: NOT MET`
    wrong.set(words, [...(wrong.get(words) ?? []), name])
  }
  return [
    ...[...wrong].map(([words, labels]) => words.replace('NAMES', () => listed(labels))),
    ...(open.length === 0 ? [] : [`cannot be decided yet for ${listed(open)}`]),
  ]
}

/** Lists the first three items and the number of the others. */
function listed(items: readonly string[]): string {
  return items.length <= 3 ? items.join(', ') : `${items.slice(0, 2).join(', ')} and ${items.length - 2} more`
}

/** Names the settings that exceed the given limit; undefined where no limit was given. */
export function limitWords({ comparison, summaries }: ReportModel, { names }: Shown): string | undefined {
  const { bytes, name } = limitOf(comparison)
  if (name === 'the memory of the machine') return undefined
  const above = summaries.filter(({ peakBytes, endRssBytes }) => ((peakBytes ?? endRssBytes)?.high ?? 0) >= bytes)
  if (above.length === 0) return undefined
  return `${shortSize(bytes)}${name === 'the limit' ? '' : `, ${name}`}: ${above.map(({ label }) => names.get(label) ?? label).join(', ')} ${above.length === 1 ? 'goes' : 'go'} above it`
}

/**
 * Returns the facts of the headline in their order, each with its weight. A narrow terminal leaves
 * out those of little weight.
 */
export function headlineFacts({ comparison, verdicts }: ReportModel): { text: string; weight: number }[] {
  const { job, modelBytes, settings, trials } = comparison
  const rounds = Math.max(0, ...verdicts.map(({ analysis }) => analysis?.rounds ?? 0))
  const completed = trials.filter(({ state }) => state === 'completed').length
  const tookMs = trials.reduce((sum, { startedMs, endedMs }) => sum + endedMs - startedMs, 0)
  const each = completed / settings.length
  const isEach = Number.isInteger(each) && isEven(comparison)
  return [
    ...(rounds === 0 ? [] : [{ text: count(rounds, 'round'), weight: 4 }]),
    ...(job.clients === undefined ? [] : [{ text: count(Number(job.clients), 'client'), weight: 2 }]),
    ...(modelBytes === null ? [] : [{ text: `model ${shortSize(modelBytes)}`, weight: 1 }]),
    // Not what `tidemark server` does unless it is asked to.
    ...(isBuffered(comparison) ? [{ text: 'buffered', weight: 1.5 }] : []),
    {
      text:
        comparison.state !== 'completed'
          ? `${count(settings.length, 'setting')}, ${completed} of ${count(plannedTrials(comparison), 'trial')}`
          : isEach
            ? `${count(settings.length, 'setting')} x ${count(each, 'trial')}`
            : `${count(settings.length, 'setting')}, ${count(completed, 'trial')} completed`,
      weight: 5,
    },
    { text: formatDuration(tookMs), weight: 3 },
  ]
}

/** Returns whether every setting has a server of ours that keeps results in memory. */
function isBuffered({ job, settings }: Comparison): boolean {
  const { algorithm, aggregation = aggregationCompared.default } = job
  if (algorithm === undefined || algorithm === 'swarm') return false
  return settings.every(({ values }) => (values.aggregation ?? aggregation) === 'buffered')
}

function isEven({ settings, trials }: Comparison): boolean {
  const completed = settings.map(
    ({ label }) => trials.filter(({ setting, state }) => setting === label && state === 'completed').length,
  )
  return completed.every((number) => number === completed[0])
}

function signedSize(bytes: number): string {
  return bytes > 0 ? `+${shortSize(bytes)}` : shortSize(bytes)
}
