/**
 * Definition of an option: its names, its default, how its text is parsed, and which algorithms use
 * it.
 */

export interface OptionSpec<T> {
  /** The long flag without dashes, for example `server-memory-gc-rounds`. */
  flag: string
  /** Older name of the flag. It is accepted, as is its environment variable, but not shown. */
  formerly?: string
  /** Its environment variable, where the one of its flag has another meaning. */
  variable?: string
  /** One letter, where users know it from a program that Tidemark replaces. */
  short?: string
  /** Placeholder for the value in the help text; empty for a switch. */
  placeholder: string
  help: string
  default: T
  /** Defaults for the algorithms whose default differs. */
  defaultWith?: Readonly<Record<string, T>>
  /** Default as the help prints it, where the value itself would not be clear. */
  defaultText?: string
  /** Parses a text. Returns undefined when it is invalid; `expected` then describes a valid one. */
  parse(text: string): T | undefined
  /** Returns the text that parses to this value; String by default. */
  format?(value: T): string
  expected: string
  /**
   * True when the option takes two words, a name and a value; `parse` gets them with `=` between.
   */
  isPair?: true
  /**
   * True when the option may be given several times; `parse` then gets the texts with newlines
   * between.
   */
  repeats?: true
  /** Separator of repeated texts in place of a newline. */
  separator?: string
  /** All valid values, where they are a closed list. */
  choices?: readonly string[]
  /** The only algorithm that uses the option. */
  onlyWith?: string
  /**
   * Algorithms that do not use the option, each with the reason as it follows the name: `averages
   * nothing`.
   */
  notWith?: Readonly<Record<string, string>>
}

export type OptionTable = Record<string, OptionSpec<unknown>>
export type OptionValues<Table extends OptionTable> = {
  [Key in keyof Table]: Table[Key] extends OptionSpec<infer T> ? T : never
}

/** Returns the environment variable of a flag: `rounds` gives TIDEMARK_ROUNDS. */
export function environmentName(flag: string): string {
  return `TIDEMARK_${flag.toUpperCase().replaceAll('-', '_')}`
}

/** Returns the environment variable of an option. */
export function variableOf({ flag, variable }: OptionSpec<unknown>): string {
  return variable ?? environmentName(flag)
}

/**
 * Returns the option as two arguments of a command line, or one for a switch that is on. This
 * passes a job on to a role.
 */
export function flagsOf(spec: OptionSpec<unknown>, value: unknown): string[] {
  if (value === undefined || value === false) return []
  return value === true ? [`--${spec.flag}`] : [`--${spec.flag}`, formatOption(spec, value)]
}

/** Returns the text that {@link OptionSpec.parse} parses to this value. */
export function formatOption(spec: OptionSpec<unknown>, value: unknown): string {
  return spec.format?.(value) ?? String(value)
}

/** Returns the values of a table when nothing is given. */
export function defaultValues<Table extends OptionTable>(table: Table, algorithm?: unknown): OptionValues<Table> {
  return Object.fromEntries(
    Object.entries(table).map(([key, spec]) => [key, defaultValue(spec, algorithm)]),
  ) as OptionValues<Table>
}

/** Returns the default of an option in a job of this algorithm. */
export function defaultValue<T>(spec: OptionSpec<T>, algorithm: unknown): T {
  return spec.defaultWith?.[String(algorithm)] ?? spec.default
}

/** Returns whether a job of this algorithm uses an option. */
export function isUsedBy({ onlyWith, notWith }: OptionSpec<unknown>, algorithm: unknown): boolean {
  return (onlyWith === undefined || onlyWith === algorithm) && notWith?.[String(algorithm)] === undefined
}

/**
 * Returns why an option is refused with an algorithm that does not use it, as text that follows the
 * option's name.
 */
export function whyUseless({ onlyWith, notWith }: OptionSpec<unknown>, algorithm: unknown): string {
  const reason = notWith?.[String(algorithm)]
  return reason === undefined
    ? `belongs to ${onlyWith}, and the algorithm here is ${algorithm}`
    : `means nothing to ${algorithm}, which ${reason}`
}
