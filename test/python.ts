import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Python 3, the system's own if there is one: what PATH finds first may be a shim that takes seconds to start. */
export const PYTHON = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3'

/** The releases of CPython that the companion in python/ supports. */
export const RELEASES = ['3.9', '3.10', '3.11', '3.12', '3.13'] as const

/** A Python of this release: the system's, or one of pyenv. */
export function pythonOf(release: string): string | undefined {
  const versions = join(process.env.PYENV_ROOT ?? join(homedir(), '.pyenv'), 'versions')
  const ofPyenv = existsSync(versions) ? readdirSync(versions).filter((name) => name.startsWith(`${release}.`)) : []
  const candidates = [`/usr/bin/python${release}`, ...ofPyenv.map((name) => join(versions, name, 'bin/python3'))]
  return candidates.find((path) => existsSync(path) && spawnSync(path, ['-c', ''], { stdio: 'ignore' }).status === 0)
}
