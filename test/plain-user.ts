import { spawnSync } from 'node:child_process'
import { chownSync, mkdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from './temporary-folder.js'

const PROJECT = fileURLToPath(new URL('..', import.meta.url))
const NOBODY = 65_534

/**
 * The project, the folder and Node under /mnt in a mount namespace of its own, since the folders above them may be closed to
 * others; then the user is changed for good, and with it go all rights of root.
 */
const SCRIPT = `set -e
mount -t tmpfs -o mode=755 tmpfs /mnt
mkdir /mnt/project /mnt/folder /mnt/node
mount --bind "$1" /mnt/project
mount --bind "$2" /mnt/folder
mount --bind "$3" /mnt/node
shift 3
cd /mnt/folder
export HOME=/mnt/folder TMPDIR=/mnt/folder
set -- setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups -- "$@"`

/** Process 1 is the shell then, of root, and not to be seen. */
const HIDDEN = `mount -o remount,hidepid=2 /proc
${SCRIPT}
"$@"`

export interface PlainUser {
  /** Theirs, and where they are; goes when the test ends. */
  folder: string
  /** Where they see the project. */
  project: string
  /** Runs the program of the project as that user. */
  tidemark(...args: string[]): { status: number | null; stdout: string; stderr: string }
}

/**
 * A user without rights beyond their own: nobody where the tests run as root, else who runs them. As root it takes the part
 * 'a user who is not root' of optional-parts.ts, and `isProcHidden` (a /proc that hides the processes of others) takes 'root'.
 */
export function plainUser({ isProcHidden = false } = {}): PlainUser {
  const folder = join(temporaryFolder(), 'plain-user')
  mkdirSync(folder)
  const isRoot = process.getuid!() === 0
  if (isRoot) chownSync(folder, NOBODY, NOBODY)
  const namespaces = isProcHidden ? ['--mount', '--pid', '--fork', '--mount-proc'] : ['--mount']
  const script = isProcHidden ? HIDDEN : `${SCRIPT}\nexec "$@"`
  const dropped = ['unshare', ...namespaces, 'sh', '-c', script, 'sh', PROJECT, folder, dirname(process.execPath)]
  const project = isRoot ? '/mnt/project' : PROJECT
  const node = isRoot ? join('/mnt/node', basename(process.execPath)) : process.execPath
  return {
    folder,
    project,
    tidemark: (...args) => {
      const command = [...(isRoot ? dropped : []), node, join(project, 'dist/cli/main.js'), ...args]
      const [program = '', ...rest] = command
      return spawnSync(program, rest, { cwd: folder, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } })
    },
  }
}
