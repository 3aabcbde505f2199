import { printable } from '../../shared/printable.js'

/**
 * Escapes names and reasons, which come from outside, so that they neither end a table's cell nor
 * become markup.
 */
export function escapeMarkdown(text: string): string {
  return printable(text)
    .replaceAll(/[\\`*_|<>[\]#]/g, '\\$&')
    .replaceAll(/\s*\n\s*/g, ' ')
}
