/**
 * Control characters, signs that turn the direction of writing, and what XML cannot hold; newline
 * and tab are none. A carriage return before a newline is left as it is.
 */
const UNPRINTABLE = /(?!\r\n)(?![\n\t])[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/gu

/**
 * Escapes text from outside (a process's title, a setting, a log line) for a terminal, page or
 * report: characters that would be obeyed rather than shown become `\u001b`, which reads the same
 * inside JSON.
 */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, escaped)
}

/** Escapes newlines and tabs as well, for text that shares a line. */
export function printableLine(text: string): string {
  return printable(text).replaceAll(/[\r\n\t]/g, escaped)
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
