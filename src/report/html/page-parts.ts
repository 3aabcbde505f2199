import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { messageOf, TidemarkError } from '../../shared/errors.js'
import { printable } from '../../shared/printable.js'

/** What every page has in its head: it may load nothing, from anywhere. */
export const CONTENT_POLICY =
  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">"

/** Above the script. */
export const LIBRARY_NOTICE =
  '<!-- The script below contains Observable Plot (Copyright 2020-2023 Observable, Inc.) and D3 (Copyright 2010-2023 Mike Bostock), both under the ISC licence. -->'

/** Names, labels and reasons come from outside and go through here, into text and attributes alike. */
export function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
  return printable(text).replaceAll(/[&<>"']/g, (character) => entities[character]!)
}

/** JSON in which no name can end the script element (`</script>`) or open a comment (`<!--`). */
export function jsonForScript(value: unknown): string {
  return printable(JSON.stringify(value)).replaceAll('<', '\\u003c')
}

/** A file of this folder, as source and as built. */
export function asset(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8')
}

/** A bundle lies in dist/ alone, for this file as source and as built: both are three folders below the root. */
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
