/**
 * What an option is, and how its value is told on a command line, in an environment and by an
 * algorithm.
 */

export interface OptionSpec<T> {
  /** The long flag without dashes, for example `server-memory-gc-rounds`. */
  flag: string
  /** An older name of the flag: understood, as is its environment variable, and not shown. */
  formerly?: string
  /** One letter, where people know the option by it from a program that Tidemark stands in for. */
  short?: string
  /** What stands for the value in the help text; empty for a switch. */
  placeholder: string
  help: string
  default: T
  /** The default with some algorithms, where it is another one. */
  defaultWith?: Readonly<Record<string, T>>
  /** The default as the help prints it, where the value itself would not tell. */
  defaultText?: string
  /**
   * The value of a text, or undefined when the text is none; `expected` then says what would be
   * right.
   */
  parse(text: string): T | undefined
  /** The text that parses to this value; String where it is left out. */
  format?(value: T): string
  expected: string
  /** Takes two words, a name and a value; `parse` gets them with `=` between. */
  isPair?: true
  /** May be given several times: `parse` then gets the texts with newlines between. */
  repeats?: true
  /** What stands between them in place of newlines. */
  separator?: string
  /** All there is to choose from, where that is a closed list. */
  choices?: readonly string[]
  /** The algorithm that alone has a use for it. */
  onlyWith?: string
  /** Algorithms that have none, each with the reason as it follows the name: `averages nothing`. */
  notWith?: Readonly<Record<string, string>>
}

export type OptionTable = Record<string, OptionSpec<unknown>>
export type OptionValues<Table extends OptionTable> = {
  [Key in keyof Table]: Table[Key] extends OptionSpec<infer T> ? T : never
}

/** The environment variable of a flag: `rounds` is TIDEMARK_ROUNDS. */
export function environmentName(flag: string): string {
  return `TIDEMARK_${flag.toUpperCase().replaceAll('-', '_')}`
}

/**
 * The option as two arguments of a command line, or one for a switch that is on: how a job is
 * handed on to a role.
 */
export function flagsOf(spec: OptionSpec<unknown>, value: unknown): string[] {
  if (value === undefined || value === false) return []
  return value === true ? [`--${spec.flag}`] : [`--${spec.flag}`, formatOption(spec, value)]
}

/** The text that {@link OptionSpec.parse} reads as this value. */
export function formatOption(spec: OptionSpec<unknown>, value: unknown): string {
  return spec.format?.(value) ?? String(value)
}

/** The values of a table when nothing is given. */
export function defaultValues<Table extends OptionTable>(table: Table, algorithm?: unknown): OptionValues<Table> {
  return Object.fromEntries(
    Object.entries(table).map(([key, spec]) => [key, defaultValue(spec, algorithm)]),
  ) as OptionValues<Table>
}

/** The value of an option when it is not given, in a job of this algorithm. */
export function defaultValue<T>(spec: OptionSpec<T>, algorithm: unknown): T {
  return spec.defaultWith?.[String(algorithm)] ?? spec.default
}

/** Whether a job of this algorithm has a use for an option. */
export function isUsedBy({ onlyWith, notWith }: OptionSpec<unknown>, algorithm: unknown): boolean {
  return (onlyWith === undefined || onlyWith === algorithm) && notWith?.[String(algorithm)] === undefined
}

/**
 * Why an option is refused with an algorithm that has no use for it, after the name that it was
 * given by.
 */
export function whyUseless({ onlyWith, notWith }: OptionSpec<unknown>, algorithm: unknown): string {
  const reason = notWith?.[String(algorithm)]
  return reason === undefined
    ? `belongs to ${onlyWith}, and the algorithm here is ${algorithm}`
    : `means nothing to ${algorithm}, which ${reason}`
}
