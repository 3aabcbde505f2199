import { printable } from '../../shared/printable.js'

/** Names and reasons come from outside: they may not end a table's cell, nor become markup. */
export function escapeMarkdown(text: string): string {
  return printable(text)
    .replaceAll(/[\\`*_|<>[\]#]/g, '\\$&')
    .replaceAll(/\s*\n\s*/g, ' ')
}
