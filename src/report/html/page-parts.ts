import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { messageOf, TidemarkError } from '../../shared/errors.js'
import { printable } from '../../shared/printable.js'

/** Content policy in the head of every page: it may load nothing, from anywhere. */
const CONTENT_POLICY =
  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">"

/** Licence notice above the script. */
const LIBRARY_NOTICE =
  '<!-- The script below contains Observable Plot (Copyright 2020-2023 Observable, Inc.) and D3 (Copyright 2010-2023 Mike Bostock), both under the ISC licence. -->'

export interface HtmlPage {
  /** Plain text; everything else is markup. */
  title: string
  /** Content of the header and of the main part. */
  header: string
  main: string
  /** A style sheet beside that of all pages. */
  style?: 'report.css'
  /** What stands after the main part. */
  end?: string
  /** The page is served, and loads its script and data from its server. */
  isServed?: boolean
}

/**
 * Returns a whole page. Unless it is served it is one file that opens from disk and loads nothing.
 */
export function htmlPage({ title, header, main, style, end = '', isServed = false }: HtmlPage): string {
  const styles = asset('../browser/page.css') + (style === undefined ? '' : asset(`../browser/${style}`))
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${isServed ? '' : `${CONTENT_POLICY}\n`}<title>${escapeHtml(title)}</title>
<style>
${styles}</style>
</head>
<body>
<header>
${header}
</header>
<main>
${main}
</main>
${end}</body>
</html>
`
}

/** Returns data and the script that draws it, for the end of a page. */
export function dataAndScript(data: unknown, name: 'page' | 'recording-page'): string {
  return `<script type="application/json" id="data">${jsonForScript(data)}</script>
${LIBRARY_NOTICE}
<script>
${script(name)}</script>
`
}

/** Escapes names, labels and reasons, which come from outside, for text and attributes alike. */
export function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
  return printable(text).replaceAll(/[&<>"']/g, (character) => entities[character]!)
}

/**
 * Returns JSON in which no name can end the script element (`</script>`) or open a comment
 * (`<!--`).
 */
function jsonForScript(value: unknown): string {
  return printable(JSON.stringify(value)).replaceAll('<', '\\u003c')
}

/** Reads a file of this folder, from source and from the build. */
function asset(path: string): string {
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
