import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * Installs exactly what package-lock.json names, unless that is what is installed already.
 *
 * Not by `npm ci`: it refuses a lock file that lacks the binaries of other platforms, and a lock file made behind a registry
 * that serves only some platforms lacks them. `npm install --no-save` keeps to the lock file just as well.
 */
export function installOnce() {
  if (isInstalled()) return
  console.error('tidemark: installing the packages of package-lock.json')
  const npm = spawnSync('npm', ['install', '--no-save', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  if (npm.status !== 0) {
    console.error(
      'tidemark: npm install failed, see above. Check the network and the npm registry, then run the same command again.',
    )
    process.exit(npm.status ?? 1)
  }
}

/** npm notes what it installed in node_modules/.package-lock.json; the versions there must be those of the lock file. */
function isInstalled() {
  const installed = join(root, 'node_modules/.package-lock.json')
  if (!existsSync(installed)) return false
  const wanted = packagesOf(join(root, 'package-lock.json'))
  const present = packagesOf(installed)
  return Object.entries(wanted).every(
    ([path, entry]) => path === '' || entry.optional || present[path]?.version === entry.version,
  )
}

function packagesOf(lockFile) {
  return JSON.parse(readFileSync(lockFile, 'utf8')).packages
}
