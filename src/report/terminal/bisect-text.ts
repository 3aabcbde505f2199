import type { PlannedRef } from '../../results/comparison.js'
import { printableLine } from '../../shared/printable.js'
import { count, shellWord } from '../../shared/text.js'
import { formatBytes, formatPercent } from '../../shared/units.js'
import type { BisectRound } from '../../verdict/bisect/evidence.js'
import { type BisectStep, type Effect, levelsOf } from '../../verdict/bisect/next-step.js'

/** A search for the commit that caused a regression, and its outcome. */
export interface BisectReport {
  folder: string
  commits: readonly PlannedRef[]
  metric: 'peak' | 'end' | 'slope'
  good: string
  bad: string
  rounds: readonly BisectRound[]
  skipped: readonly { commit: number; reason: string }[]
  /** Outcome of the search; undefined where it was stopped. */
  outcome: Exclude<BisectStep, { kind: 'measure' }> | undefined
}

/** Returns the outcome first, then every tested commit in the order of history. */
export function bisectText(report: BisectReport): string {
  return [
    ...outcomeLines(report),
    '',
    'Tried, against the good one:',
    ...triedLines(report),
    '',
    `Data: ${report.folder}`,
    '',
  ].join('\n')
}

function outcomeLines({ outcome, commits, metric, good, bad, folder, rounds }: BisectReport): string[] {
  if (outcome === undefined)
    return [`Stopped; what was measured is kept. Continue with: tidemark bisect --resume ${shellWord(folder)}`]
  const level = rounds.length === 0 ? 0 : rounds.reduce((sum, { values }) => sum + values.low, 0) / rounds.length
  const words = (effect: Effect) => effectWords(effect, metric, level)
  const total = `From ${printableLine(good)} to ${printableLine(bad)} the ${metric} changes by ${words(outcome.total)}.`
  switch (outcome.kind) {
    case 'found': {
      const { ref, subject } = commits[outcome.commit]!
      return [
        `${ref} is the commit: ${printableLine(subject)}`,
        `Its ${metric} changes by ${words(outcome.effect)}; with probability ${formatPercent(outcome.probability).slice(1)} it is this one.`,
        total,
        `See it with: git show ${ref}`,
      ]
    }
    case 'one of':
      return [
        `It is one of these ${count(outcome.commits.length, 'commit')}, and those between cannot be measured:`,
        ...outcome.commits.map((commit) => `  ${commits[commit]!.ref}  ${printableLine(commits[commit]!.subject)}`),
        `Together they change the ${metric} by ${words(outcome.effect)}.`,
        total,
      ]
    case 'no change':
      return [
        `The ${metric} of ${printableLine(good)} and ${printableLine(bad)} does not differ by what matters.`,
        total,
      ]
    case 'not worse':
      return [`The ${metric} of ${printableLine(bad)} is lower than that of ${printableLine(good)}.`, total]
    case 'no single one':
      return [
        `No single commit did it: the ${metric} changes little by little from ${commits[outcome.low]!.ref} to ${commits[outcome.high]!.ref}.`,
        total,
      ]
  }
}

function effectWords({ change, interval }: Effect, metric: BisectReport['metric'], level: number): string {
  const unit = metric === 'slope' ? ' a round' : ''
  const share = metric === 'slope' || level <= 0 ? '' : ` (${formatPercent(change / level)})`
  return `${signed(change)}${unit}${share}, 95 % interval ${signed(interval.low)} to ${signed(interval.high)}`
}

function signed(bytes: number): string {
  return `${bytes > 0 ? '+' : ''}${formatBytes(bytes)}`
}

function triedLines({ commits, metric, rounds, skipped }: BisectReport): string[] {
  const tried = levelsOf(rounds).map(({ commit, trials, effect, low }) => {
    const { ref, subject } = commits[commit]!
    const against = low === 0 ? '' : ` above ${commits[low]!.ref}`
    const level = effect === undefined ? 'the one compared with' : `${effectWords(effect, metric, 0)}${against}`
    return { commit, line: `  ${ref}  ${level}; ${count(trials, 'trial')}  ${printableLine(subject)}` }
  })
  const left = skipped.map(({ commit, reason }) => ({
    commit,
    line: `  ${commits[commit]!.ref}  skipped: ${printableLine(reason)}`,
  }))
  return [...tried, ...left].sort((a, b) => a.commit - b.commit).map(({ line }) => line)
}
