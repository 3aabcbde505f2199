// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

/**
 * Text of foreign origin as a terminal may have it: control characters, those that turn the direction of writing among
 * them, are shown as escapes and do nothing.
 */
export function printable(text: string): string {
  return text.replaceAll(CONTROL, (character) => {
    if (character === '\t') return ' '
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}
