import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { findExecutable } from '../../linux/files/executable.js'
import { TidemarkError } from '../../shared/errors.js'

/**
 * Program that opens files with the desktop's preferred application (freedesktop.org's xdg-utils).
 */
const OPENER = 'xdg-open'

/**
 * Opens a page in the user's browser, which keeps running after this program has ended.
 *
 * @throws TidemarkError where the machine has no program for it
 */
export function openInBrowser(page: string): void {
  const opener = findExecutable(OPENER, process.env)
  if (opener === undefined)
    throw new TidemarkError(`cannot open ${page}: there is no ${OPENER} in PATH`, {
      fix: `Open it in a browser yourself: file://${resolve(page)}`,
    })
  spawn(opener, [resolve(page)], { detached: true, stdio: 'ignore' })
    .on('error', () => {})
    .unref()
}
