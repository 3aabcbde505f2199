import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { messageOf, TidemarkError } from '../../shared/errors.js'
import { printable } from '../../shared/printable.js'

/** Content policy in the head of every page: it may load nothing, from anywhere. */
export const CONTENT_POLICY =
  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">"

/** Licence notice above the script. */
export const LIBRARY_NOTICE =
  '<!-- The script below contains Observable Plot (Copyright 2020-2023 Observable, Inc.) and D3 (Copyright 2010-2023 Mike Bostock), both under the ISC licence. -->'

/** Escapes names, labels and reasons, which come from outside, for text and attributes alike. */
export function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
  return printable(text).replaceAll(/[&<>"']/g, (character) => entities[character]!)
}

/**
 * Returns JSON in which no name can end the script element (`</script>`) or open a comment
 * (`<!--`).
 */
export function jsonForScript(value: unknown): string {
  return printable(JSON.stringify(value)).replaceAll('<', '\\u003c')
}

/** Reads a file of this folder, from source and from the build. */
export function asset(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8')
}

/**
 * Reads a bundle from dist/, the only place that has it. This file lies three folders below the
 * root as source and as built.
 */
export function script(name: 'page' | 'recording-page' | 'live-page'): string {
  const file = new URL(`../../../dist/report/browser/${name}.bundle.js`, import.meta.url)
  try {
    return readFileSync(file, 'utf8').replaceAll('</script', '<\\/script')
  } catch (error) {
    throw new TidemarkError(`cannot read the script of the page: ${messageOf(error)}`, {
      fix: `Build it with: npm run build (it makes ${fileURLToPath(file)}).`,
      cause: error,
    })
  }
}
