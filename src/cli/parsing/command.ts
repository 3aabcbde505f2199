import type { OptionTable } from '../../options/types/spec.js'

/** One verb of the command line, in `commands/<verb>.ts`: what it takes and what it does. */
export interface Command {
  verb: string
  /** One line for `tidemark --help`. */
  summary: string
  /** Paragraphs of `tidemark VERB --help`: the first stands before the examples, the others after the options. */
  description: string
  /** Positional arguments in commander's notation, for example `<algorithm|suite>` or `[command...]`. */
  arguments?: string
  options: OptionTable
  /** Options that belong together, by the heading of the help; those in no group come last. */
  optionGroups?: Record<string, OptionTable>
  /** Options of another verb that are looked for here, by their flag: why this verb has none, and what to do instead. */
  elsewhere?: Record<string, { why: string; fix: string }>
  /** Complete command lines that work as they stand, shown before the options. */
  examples: string[]
  /** It reads and prints, and ends when nobody reads what it prints. Whoever measures goes on. */
  onlyPrints?: boolean
  /** Parse, call the library, print. Returns the exit code; an error thrown is printed and decides it. */
  run(input: CommandInput): Promise<number>
}

export interface CommandInput {
  arguments: string[]
  /** A value for every option of the table: from the command line, its environment variable, or its default. */
  options: Record<string, unknown>
  /** The keys given on the command line or in the environment. */
  given: ReadonlySet<string>
}
