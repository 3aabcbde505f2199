import wrapAnsi from 'wrap-ansi'
import { type OptionSpec, variableOf } from '../../options/types/spec.js'
import type { Command } from '../parsing/command.js'

/** Width where there is no terminal to ask, and the least width that is assumed for one. */
const WIDTH = 80
const MOST = 100
/** Columns of an option's name and value; longer ones get a line of their own. */
const TERM = 28

/**
 * Returns the output of `tidemark VERB --help`: what the verb does, examples, options by group,
 * details. It is at most as wide as the terminal.
 */
export function helpOf(command: Command, columns = process.stdout.columns): string {
  const width = Math.max(60, Math.min(columns ?? WIDTH, MOST))
  const [first = '', ...details] = command.description.split('\n\n').map((paragraph) => reflow(paragraph, width))
  const blocks = [
    `Usage: ${[`tidemark ${command.verb}`, '[options]', ...(command.arguments === undefined ? [] : [command.arguments])].join(' ')}`,
    first,
    [
      command.examples.length > 1 ? 'Examples:' : 'Example:',
      ...command.examples.map((example) => exampleLines(example, width)),
    ].join('\n'),
    ...groupsOf(command).map(([title, specs]) =>
      [`${title}:`, ...specs.map((spec) => optionLines(termOf(spec), textOf(spec), width))].join('\n'),
    ),
    ...details,
    reflow(`${variableHint(command)}tidemark --help lists the other verbs.`, width),
  ]
  return blocks.join('\n\n')
}

/** Joins the lines of a paragraph and breaks them again at words. */
export function reflow(paragraph: string, width: number): string {
  return wrapAnsi(paragraph.replaceAll('\n', ' '), width)
}

/** Puts a name into a column and its text beside it, or below where the name is long. */
export function optionLines(term: string, text: string, width: number, column = TERM): string {
  const lines = wrapAnsi(text, width - column - 2).split('\n')
  const indent = ' '.repeat(column + 2)
  const isLong = term.length > column - 2
  const first = isLong ? `  ${term}\n${indent}${lines[0]}` : `  ${term.padEnd(column)}${lines[0]}`
  return [first, ...lines.slice(1).map((line) => indent + line)].join('\n').replaceAll(/ +$/gm, '')
}

/**
 * Returns groups in the order of the command, then the options without a group, with --help last.
 */
function groupsOf({ options, optionGroups = {} }: Command): [string, OptionSpec<unknown>[]][] {
  const grouped = Object.entries(optionGroups).map(([title, table]): [string, OptionSpec<unknown>[]] => [
    title,
    Object.keys(table).flatMap((key) => options[key] ?? []),
  ])
  const named = new Set(grouped.flatMap(([, specs]) => specs))
  const others = Object.values(options).filter((spec) => !named.has(spec))
  return [...grouped, [grouped.length > 0 ? 'Other options' : 'Options', [...others, HELP]]]
}

const HELP = { flag: 'help', short: 'h', placeholder: '', help: 'Show this help.' } as OptionSpec<unknown>

function termOf({ short, flag, placeholder }: OptionSpec<unknown>): string {
  const names = `${short === undefined ? '' : `-${short}, `}--${flag}`
  return placeholder === '' ? names : `${names} <${placeholder}>`
}

function textOf(spec: OptionSpec<unknown>): string {
  const text = spec.defaultText ?? (spec.default === undefined || spec.default === false ? '' : String(spec.default))
  return text === '' ? spec.help : `${spec.help} Default: ${text}.`
}

/** Returns nothing for a verb without options: --help has no variable. */
function variableHint({ options }: Command): string {
  const specs = Object.values(options)
  const example = specs.find(({ flag }) => flag.includes('-')) ?? specs[0]
  if (example === undefined) return ''
  return `Each option is also an environment variable: --${example.flag} is ${variableOf(example)}. The command line wins. `
}

/**
 * Returns a command line. One that is too long is broken before options with a backslash, which a
 * shell accepts.
 */
function exampleLines(example: string, width: number): string {
  const words = example.split(/ (?=-{1,2}[a-zA-Z])/)
  const lines: string[] = []
  for (const word of words) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width - (lines.length > 1 ? 6 : 4))
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return `  ${lines.join(' \\\n    ')}`
}
