import { readFileSync } from 'node:fs'
import { failedReading } from '../linux/files/proc-file.js'

/** Names of the packages in each family of distributions. */
const PACKAGES = {
  jemalloc: { debian: 'libjemalloc2', fedora: 'jemalloc', alpine: 'jemalloc', arch: 'jemalloc' },
  mimalloc: { debian: 'libmimalloc2.0', fedora: 'mimalloc', alpine: 'mimalloc2', arch: 'mimalloc' },
  tcmalloc: { debian: 'libtcmalloc-minimal4', fedora: 'gperftools-libs', alpine: 'gperftools', arch: 'gperftools' },
  compiler: { debian: 'gcc libc6-dev', fedora: 'gcc', alpine: 'gcc musl-dev', arch: 'gcc' },
  python: { debian: 'python3', fedora: 'python3', alpine: 'python3', arch: 'python' },
  mprof: { debian: 'python3-memory-profiler', fedora: 'python3-memory-profiler', alpine: null, arch: null },
  chromium: { debian: 'chromium', fedora: 'chromium', alpine: 'chromium', arch: 'chromium' },
  promtool: {
    debian: 'prometheus',
    fedora: 'golang-github-prometheus',
    alpine: 'prometheus',
    arch: 'prometheus',
  },
} satisfies Record<string, Record<Family, string | null>>

type Family = 'debian' | 'fedora' | 'alpine' | 'arch'

const INSTALLERS: Record<Family, string> = {
  debian: 'apt-get install',
  fedora: 'dnf install',
  alpine: 'apk add',
  arch: 'pacman -S',
}

/**
 * Returns the command that installs a package here, or undefined when the packages of this system
 * are not known.
 */
export function installCommand(what: keyof typeof PACKAGES, osRelease = readOsRelease()): string | undefined {
  const family = familyOf(osRelease)
  const name = family === undefined ? null : PACKAGES[what][family]
  if (family !== undefined && name !== null) return `${INSTALLERS[family]} ${name}`
  return what === 'mprof' ? 'pip install memory-profiler' : undefined
}

/** Reads `ID` and `ID_LIKE` of os-release(5): Ubuntu is like Debian, Rocky like Fedora. */
function familyOf(osRelease: string): Family | undefined {
  const ids = [...osRelease.matchAll(/^(?:ID|ID_LIKE)="?([^"\n]*)"?$/gm)].flatMap(([, ids]) => ids!.split(' '))
  return (Object.keys(INSTALLERS) as Family[]).find(
    (family) => ids.includes(family) || (family === 'fedora' && ids.includes('rhel')),
  )
}

function readOsRelease(): string {
  try {
    return readFileSync('/etc/os-release', 'utf8')
  } catch (error) {
    failedReading(error) // rethrows anything but a failed system call
    return ''
  }
}
