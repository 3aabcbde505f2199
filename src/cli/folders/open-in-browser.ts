import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { findExecutable } from '../../linux/files/executable.js'
import { TidemarkError } from '../../shared/errors.js'

/** Opens files by the desktop's own choice of program (freedesktop.org's xdg-utils). */
const OPENER = 'xdg-open'

/**
 * Opens a page in the user's browser, which goes on after this program has ended.
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
