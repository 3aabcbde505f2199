import type { OptionTable } from '../../options/types/spec.js'

/** One verb of the command line, in `commands/<group>/<verb>.ts`: its options and what it does. */
export interface Command {
  verb: string
  /** One line for `tidemark --help`. */
  summary: string
  /**
   * Paragraphs of `tidemark VERB --help`: the first comes before the examples, the others after the
   * options.
   */
  description: string
  /**
   * Positional arguments in commander's notation, for example `<algorithm|suite>` or
   * `[command...]`.
   */
  arguments?: string
  /**
   * First words that name a job of ours rather than a foreign command: options may follow them.
   */
  jobs?: readonly string[]
  options: OptionTable
  /** Groups of options by their heading in the help; options without a group come last. */
  optionGroups?: Record<string, OptionTable>
  /**
   * Options of another verb that users try here, by flag: why this verb has none, and what to do
   * instead.
   */
  elsewhere?: Record<string, { why: string; fix: string }>
  /** Complete command lines that work unchanged, shown before the options. */
  examples: string[]
  /**
   * Whether the verb only reads and prints, so that it ends when its reader has gone. A verb that
   * measures continues.
   */
  onlyPrints?: boolean
  /**
   * Parses, calls the library and prints. Returns the exit code; an error thrown is printed and
   * determines it.
   */
  run(input: CommandInput): Promise<number>
}

export interface CommandInput {
  /** The verb that was called, for messages. */
  verb: string
  arguments: string[]
  /**
   * Value of every option of the table: from the command line, its environment variable, or its
   * default.
   */
  options: Record<string, unknown>
  /** Keys given on the command line or in the environment. */
  given: ReadonlySet<string>
}
