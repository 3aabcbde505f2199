import pc from 'picocolors'
import { printable, printableLine } from '../../shared/printable.js'
import { count } from '../../shared/text.js'
import { GATED_QUANTITIES, type GateCheck, type GatedQuantity, isIncomparable } from '../../verdict/gate/gate.js'
import { shortMib, shortPercent, shortSize, sizeRange } from '../prose/short-size.js'
import { type Column, drawColumns, widthOfColumns } from '../terminal/columns.js'
import {
  cutWords,
  fittingRows,
  LEAST_WIDTH,
  labelled,
  type TerminalStyle,
  toAscii,
  withinLines,
  wrapWords,
} from '../terminal/layout.js'
import { shortLabels } from '../terminal/short-labels.js'
import type { GateResult, GateVerdict } from './gate-result.js'
import { verdictOf } from './gate-result.js'
import {
  allowedWords,
  checkSentence,
  failedTrialSentence,
  gateHeadline,
  MORE_TRIALS,
  yardstickWords,
} from './gate-words.js'

const INDENT = '  '
/** Most lines of the answer; 25 with the two that say where the data are and how to see more. */
const MOST_LINES = 23
const MOST_ROWS = 12
/** Most findings of one kind that are named, each on a line. */
const MOST_NAMED = 3
const STATE_WIDTH = 14

/**
 * Returns the result of a check, the answer first: whether it regressed, what did and by how much,
 * against what, and a row per setting with the change of each quantity.
 *
 * @returns at most 23 lines, each at most as wide as the style says; all text from outside is
 *   escaped
 */
export function gateAnswer(result: GateResult, given: TerminalStyle): string[] {
  const style = { ...given, width: Math.max(LEAST_WIDTH, given.width) }
  const inner = { ...style, width: style.width - INDENT.length }
  const colors = pc.createColors(style.hasColor)
  const { notes, failedTrials, checks } = result
  const paint = {
    passed: colors.green,
    inconclusive: colors.yellow,
    regressed: colors.red,
    'trials failed': colors.red,
  }
  const verdict: GateVerdict = verdictOf(result)
  const failed = failedTrials.slice(0, MOST_NAMED).map(failedTrialSentence)
  const top = [
    ...failed.flatMap((text) => wrapWords(printableLine(text), inner.width)).map(colors.red),
    ...findings(checks, inner),
  ]
  const table = fittingRows((most) => settingRows(checks, most, inner), MOST_ROWS, MOST_LINES - top.length - 6)
  const sections = [
    { lines: top, weight: 9 },
    { lines: labelled('Against', printableLine(yardstickWords(result)), inner), weight: 4 },
    { lines: [''], weight: 3 },
    { lines: table, weight: 9 },
    { lines: noteLine([...notes, ...blindness(checks)], inner).map(colors.yellow), weight: 9 },
  ]
  const head = wrapWords(printableLine(gateHeadline(result)), style.width).map((line) =>
    colors.bold(paint[verdict](line)),
  )
  const lines = [
    ...head,
    '',
    ...withinLines(sections, MOST_LINES - head.length - 1).map((line) => (line === '' ? '' : `${INDENT}${line}`)),
  ]
  return style.isPlain ? lines.map(toAscii) : lines
}

/** Names what regressed and what is unclear; where nothing is, the largest rise. */
function findings(checks: readonly GateCheck[], style: TerminalStyle): string[] {
  const { red, yellow } = pc.createColors(style.hasColor)
  const of = (state: GateCheck['state']) => checks.filter((check) => check.state === state)
  const regressed = of('regressed')
  const unclear = of('unclear')
  const named = (some: readonly GateCheck[], head: string, rest: (check: GateCheck) => string) => [
    ...some
      .slice(0, MOST_NAMED)
      .flatMap((check) => labelled(head, printableLine(`${riseWords(check)}; ${rest(check)}`), style)),
    ...(some.length > MOST_NAMED ? [`and ${some.length - MOST_NAMED} more with --details`] : []),
  ]
  if (of('too few trials').length > 0)
    return wrapWords(`Four trials on each side are needed. ${MORE_TRIALS}`, style.width).map(yellow)
  if (checks.some(isIncomparable))
    return wrapWords(
      'On one side peaks are exact, on the other mostly the highest samples, as where the kernel does not let them be reset. tidemark doctor says why.',
      style.width,
    ).map(yellow)
  if (regressed.length + unclear.length === 0) {
    const largest = largestRise(checks)
    if (largest === undefined) return []
    const rise = (largest.change ?? 0) > 0 ? `largest rise: ${printableLine(riseWords(largest))}` : 'nothing rose'
    return labelled('Sure?', `${rise}; ${allowance(largest)}`, style)
  }
  return [
    ...named(regressed, 'Worse', (check) => `${allowance(check)}; not by chance`).map(red),
    ...named(unclear, 'Open', (check) => `${allowance(check)}, but it may be chance${neededWords(check)}`).map(yellow),
  ]
}

/** Returns `peak of gc=5 +4.1 MiB (+5 %, 95 %: 3.0 to 5.2 MiB), to 83 MiB`. */
function riseWords({ quantity, setting, before, after, change, interval }: GateCheck): string {
  const share =
    quantity !== 'slope' && before !== null && before > 0 && change !== null ? shortPercent(change / before) : ''
  const range = interval === null ? '' : `95 %: ${sizeRange(interval.low, interval.high)}`
  const inBrackets = [share, range].filter((text) => text !== '').join(', ')
  const unit = quantity === 'slope' ? ' a round' : ''
  return `${NAMES[quantity]} of ${setting} ${change === null ? '' : signed(change)}${inBrackets === '' ? '' : ` (${inBrackets})`}${after === null ? '' : `, to ${shortSize(after)}${unit}`}`
}

function allowance(check: GateCheck): string {
  const { before, allowed, quantity } = check
  if (allowed === null) return ''
  return quantity !== 'slope' && before !== null && before > 0
    ? `${shortPercent(allowed / before).replace('+', '')} is allowed`
    : `${allowedWords(check)} is allowed`
}

function neededWords({ trialsToSeeAllowed }: GateCheck): string {
  return trialsToSeeAllowed === null ? '' : `: about ${trialsToSeeAllowed} trials a side would tell`
}

/** Returns the largest rise relative to its allowance; undefined if nothing was compared. */
function largestRise(checks: readonly GateCheck[]): GateCheck | undefined {
  const share = ({ change, allowed }: GateCheck) => (change ?? 0) / (allowed || 1)
  return checks
    .filter(({ change, allowed }) => change !== null && allowed !== null)
    .reduce<GateCheck | undefined>(
      (most, one) => (most === undefined || share(one) > share(most) ? one : most),
      undefined,
    )
}

const NAMES: Record<GatedQuantity, string> = { peak: 'peak', floor: 'floor', slope: 'growth' }
const MARKS: Record<GateCheck['state'], string> = {
  ok: '',
  regressed: ' !',
  improved: ' -',
  unclear: ' ?',
  'too few trials': ' ?',
  'not compared': '',
}

/** Returns a row per setting, with those that regressed first where not all fit. */
function settingRows(checks: readonly GateCheck[], most: number, style: TerminalStyle): string[] {
  const { red, yellow, green, dim } = pc.createColors(style.hasColor)
  const all = [...new Set(checks.map(({ setting }) => setting))]
  if (all.length === 0) return []
  const urgency = (setting: string) =>
    Math.min(...checks.flatMap((check) => (check.setting === setting ? [BY_URGENCY.indexOf(check.state)] : [])))
  const settings = all.length <= most ? all : [...all].sort((a, b) => urgency(a) - urgency(b)).slice(0, most)
  const columns = GATED_QUANTITIES.map((quantity): Column => {
    const found = settings.map((setting) => checks.find((one) => one.setting === setting && one.quantity === quantity))
    const paint = { regressed: red, unclear: yellow, 'too few trials': yellow, improved: green }
    return {
      head: quantity === 'slope' ? 'growth a round' : `${NAMES[quantity]} MiB`,
      cells: found.map(cellOf),
      align: 'left',
      paint: (text, row) => (paint[found[row]?.state as keyof typeof paint] ?? String)(text),
    }
  })
  const { labels, key } = shortLabels(
    settings.map(printableLine),
    Math.max(12, style.width - widthOfColumns(columns) - 2),
  )
  const name: Column = { head: 'setting', cells: labels, align: 'left' }
  const used = new Set(checks.map(({ state }) => state))
  const legend = [
    ...(used.has('regressed') ? ['! regressed'] : []),
    ...(used.has('unclear') || used.has('too few trials') ? ['? may be chance'] : []),
    ...(used.has('improved') ? ['- lower, and not by chance'] : []),
    ...(all.length > settings.length
      ? [`and ${count(all.length - settings.length, 'more setting')} with --details`]
      : []),
  ].join(' · ')
  // A gate hides no quantity: where the columns do not fit, names are shortened to letters.
  const isTooWide = widthOfColumns([name, ...columns]) > style.width
  const drawn = isTooWide
    ? columns.map((column) => ({ ...column, head: column.head.replace(/ MiB| a round/, '') }))
    : columns
  return [
    ...drawColumns([name, ...drawn], style),
    ...[...(legend === '' ? [] : [legend]), ...key].flatMap((line) => wrapWords(line, style.width)).map(dim),
  ]
}

const BY_URGENCY: GateCheck['state'][] = ['regressed', 'unclear', 'too few trials', 'not compared', 'improved', 'ok']

/** Returns `83 +5 % !`; of a slope its change alone. */
function cellOf(check: GateCheck | undefined): string {
  if (check === undefined) return ''
  const { quantity, before, after, change, state } = check
  if (isIncomparable(check)) return 'not comparable'
  if (after === null || before === null || change === null) return 'not measured'
  const text =
    quantity === 'slope' || before <= 0 ? signed(change) : `${shortMib(after)} ${shortPercent(change / before)}`
  return `${text}${MARKS[state]}`
}

/** Says for how many checks a change of the allowed size would not have been seen. */
function blindness(checks: readonly GateCheck[]): string[] {
  const blind = checks.filter(
    ({ state, trials, trialsToSeeAllowed }) =>
      state === 'ok' && (trialsToSeeAllowed === null || trialsToSeeAllowed > 2 * Math.min(trials.before, trials.after)),
  )
  if (blind.length === 0) return []
  const needed = blind.map(({ trialsToSeeAllowed }) => trialsToSeeAllowed)
  const enough = needed.includes(null) ? '' : `; ${Math.max(...(needed as number[]))} trials a side would`
  return [`${count(blind.length, 'check')} scatter too much to see what is allowed${enough}`]
}

function noteLine(notes: readonly string[], { width, isPlain }: TerminalStyle): string[] {
  const [first] = notes
  if (first === undefined) return []
  const head = notes.length === 1 ? 'note' : `${notes.length} notes`
  return [cutWords(`${head}: ${printableLine(first)}`, width, isPlain)]
}

function signed(bytes: number): string {
  return `${bytes > 0 ? '+' : ''}${shortSize(bytes)}`
}

/** Returns every check in a sentence, failures first, and all notes. */
export function gateDetails({ notes, failedTrials, checks }: GateResult, hasColor: boolean): string[] {
  const colors = pc.createColors(hasColor)
  const paint: Partial<Record<GateCheck['state'], (text: string) => string>> = {
    regressed: (text) => colors.bold(colors.red(text)),
    'too few trials': colors.yellow,
    unclear: colors.yellow,
    improved: colors.green,
  }
  const sorted = [...checks].sort((a, b) => Number(b.state === 'regressed') - Number(a.state === 'regressed'))
  return [
    ...notes.map((note) => `${colors.yellow('note:')} ${printable(note)}`),
    ...failedTrials.map(
      (trial) => `${colors.red('failed'.padEnd(STATE_WIDTH))}  ${printable(failedTrialSentence(trial))}`,
    ),
    ...sorted.map((check) => {
      const state = check.state === 'regressed' ? 'REGRESSED' : check.state
      return `${(paint[check.state] ?? String)(state.padEnd(STATE_WIDTH))}  ${printable(checkSentence(check))}`
    }),
  ]
}
