/** `{name}`, unless it stands in double braces, or after a `$` as the shell writes variables. */
const PLACEHOLDER = /\{\{([A-Za-z_]\w*)\}\}|(?<!\$)\{([A-Za-z_]\w*)\}/g

/** Names of the placeholders in a text, each once. */
export function placeholdersIn(text: string): string[] {
  return [...new Set([...text.matchAll(PLACEHOLDER)].flatMap(([, , name]) => name ?? []))]
}

/** The text with values in place of its placeholders; `{{name}}` becomes `{name}`. A name without a value is left as it is. */
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
