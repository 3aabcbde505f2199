import pc from 'picocolors'
import stringWidth from 'string-width'
import { labelOf } from '../../results/setting.js'
import { printableLine } from '../../shared/printable.js'
import { count } from '../../shared/text.js'
import type { FoldedAxis } from '../../verdict/folded-axes.js'
import type { ReportModel } from '../html/report-model.js'
import {
  expectedSentences,
  headlineFacts,
  limitWords,
  type Shown,
  storySentences,
  sureSentence,
  useSentence,
  whySentence,
} from '../prose/answer-sentences.js'
import { warningsOf } from '../prose/provenance.js'
import {
  cutColumns,
  cutWords,
  LEAST_WIDTH,
  labelled,
  type Section,
  type TerminalStyle,
  toAscii,
  withinLines,
  wrapWords,
} from './layout.js'
import { settingsTable } from './settings-table.js'
import { shownOf } from './shown-settings.js'

const INDENT = '  '

/** Most lines of the answer; 25 with the two that say where the report is. */
const MOST_LINES = 23

/**
 * Returns the result of a comparison, the answer first: the setting to use and its cost, what
 * memory does without and with it, a row per setting, why, and how certain that is. It has at most
 * 23 lines for up to 8 settings, for which a narrow terminal leaves out what matters least;
 * `terminalSummary` has the rest.
 *
 * @returns lines, each at most as wide as the style says, with colours where it has them; all text
 *   from outside is escaped
 */
export function terminalAnswer(view: ReportModel, given: TerminalStyle): string[] {
  const style = { ...given, width: Math.max(LEAST_WIDTH, given.width) }
  const inner = { ...style, width: style.width - INDENT.length }
  const { dim, yellow } = pc.createColors(style.hasColor)
  const { shown, key, more } = shownOf(view, inner)
  const { lines: table, range } = settingsTable(view, shown, inner)
  const notes = [
    range,
    ...(shown.folded.length === 0
      ? []
      : [`${shown.folded.map(foldedValues).join(', ')}: no clear difference, not shown`]),
    ...(more > 0 ? [`and ${count(more, 'more setting')} with --details`] : []),
  ]
  const noteText = notes.filter((note) => note !== '').join(' · ')
  const tableNotes = [...(noteText === '' ? [] : [noteText]), ...key]
    .flatMap((note) => wrapWords(printableLine(note), inner.width))
    .map(dim)
  const fact = (head: string, text: string | undefined) =>
    text === undefined ? [] : labelled(head, printableLine(text), inner)
  const sections: Section[] = [
    { lines: [...useLines(view, shown, inner), ...storyLines(view, shown, inner)], weight: 9 },
    { lines: [''], weight: 3 },
    { lines: [...table, ...tableNotes], weight: 9 },
    { lines: [''], weight: 1 },
    { lines: fact('Why', whySentence(view, shown)), weight: 2 },
    { lines: fact('Sure?', sureSentence(view, shown)), weight: 4 },
    { lines: fact('Limit', limitWords(view, shown)), weight: 9 },
    { lines: expectedSentences(view, shown).flatMap((text) => fact('Expected', text)), weight: 9 },
    { lines: warningLine(view, inner).map(yellow), weight: 9 },
  ]
  const fitting = withinLines(sections, MOST_LINES - 2 + Math.max(0, shown.labels.length - 8))
  const all = [headline(view, style), '', ...fitting.map((line) => (line === '' ? '' : `${INDENT}${line}`))]
  return style.isPlain ? all.map(toAscii) : all
}

function useLines(view: ReportModel, shown: Shown, style: TerminalStyle): string[] {
  const sentence = useSentence(view, shown)
  if (sentence === undefined) return []
  const { bold } = pc.createColors(style.hasColor)
  return labelled('Use', `${bold(printableLine(sentence.use))}  ${printableLine(`(${sentence.reason})`)}`, style)
}

function storyLines(view: ReportModel, shown: Shown, { width }: TerminalStyle): string[] {
  return storySentences(view, shown).flatMap((text) => wrapWords(printableLine(text), width))
}

/** Returns the headline. Facts that do not fit the line are left out, the least important first. */
function headline(view: ReportModel, { width, hasColor, isPlain }: TerminalStyle): string {
  const name = cutColumns(printableLine(view.comparison.name), width - 2, isPlain)
  let facts = headlineFacts(view)
  const text = () => facts.map((fact) => fact.text).join(' · ')
  while (facts.length > 0 && stringWidth(`${name}  ${text()}`) > width) {
    const least = Math.min(...facts.map(({ weight }) => weight))
    facts = facts.filter(({ weight }) => weight !== least)
  }
  return `${pc.createColors(hasColor).bold(name)}${facts.length === 0 ? '' : `  ${text()}`}`
}

/** Summarizes all warnings on one line: their number, and the first of them as far as it fits. */
function warningLine({ comparison }: ReportModel, { width, isPlain }: TerminalStyle): string[] {
  const warnings = warningsOf(comparison)
  const [first] = warnings
  if (first === undefined) return []
  const head = warnings.length === 1 ? 'warning' : count(warnings.length, 'warning')
  return [cutWords(`${head}: ${printableLine(first)}`, width, isPlain)]
}

function foldedValues({ axis, folded }: FoldedAxis): string {
  return folded.map((value) => labelOf([axis], { [axis]: value })).join(', ')
}
