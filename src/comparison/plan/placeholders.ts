/** Matches `{name}`, unless it is in double braces, or follows a `$` as in shell variables. */
const PLACEHOLDER = /\{\{([A-Za-z_]\w*)\}\}|(?<!\$)\{([A-Za-z_]\w*)\}/g

/** Returns the names of the placeholders in a text, each once. */
export function placeholdersIn(text: string): string[] {
  return [...new Set([...text.matchAll(PLACEHOLDER)].flatMap(([, , name]) => name ?? []))]
}

/**
 * Replaces the placeholders of a text with values; `{{name}}` becomes `{name}`. A name without a
 * value stays as it is.
 */
export function fillPlaceholders(
  text: string,
  values: Readonly<Record<string, string | number>>,
  write: (value: string) => string = (value) => value,
): string {
  return text.replaceAll(PLACEHOLDER, (whole, literal: string | undefined, name: string | undefined) => {
    if (name === undefined) return `{${literal}}`
    return name in values ? write(String(values[name])) : whole
  })
}
