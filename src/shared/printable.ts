/**
 * Control characters, signs that turn the direction of writing, and what XML cannot hold; newline and tab are none. A
 * carriage return before a newline is left as it is.
 */
const UNPRINTABLE = /(?!\r\n)(?![\n\t])[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/gu

/**
 * A text of others (the title of a process, a setting, a line of a log) as it may reach a terminal, a page or a report: what
 * would be obeyed rather than shown is written `\u001b`, which reads the same inside JSON.
 */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, escaped)
}

/** The same where the text stands on one line with others, as in a table: newlines and tabs are escaped as well. */
export function printableLine(text: string): string {
  return printable(text).replaceAll(/[\r\n\t]/g, escaped)
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
