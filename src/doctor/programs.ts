import { findExecutable } from '../linux/files/executable.js'
import { isNativeAvailable } from '../memory/native.js'
import type { Finding } from './finding.js'
import { installCommand } from './install-command.js'
import { runQuietly } from './run-quietly.js'

/** Oldest release of Node that Tidemark runs on, as in package.json. */
const OLDEST_NODE = [20, 19] as const

/** Other programs that Tidemark works with, and what each is needed for. */
const PROGRAMS = [
  {
    name: 'Python',
    files: ['python3'],
    version: /Python (\S+)/,
    means: 'no Python server can be compared',
    package: 'python',
  },
  {
    name: 'C compiler',
    files: ['cc', 'gcc', 'clang'],
    version: /(\d+\.\d+\.\d+)/,
    means: '--probe cannot be built; the recorder and sums of large weights take more processor time',
    package: 'compiler',
  },
  {
    name: 'mprof',
    files: ['mprof'],
    version: null,
    means: '.dat files are written and read, only mprof itself is not at hand',
    package: 'mprof',
  },
  {
    name: 'Chromium',
    files: ['chromium', 'chromium-browser', 'google-chrome'],
    version: /(\d+(?:\.\d+)+)/,
    means: 'the test of the report page is left out',
    package: 'chromium',
  },
  {
    name: 'promtool',
    files: ['promtool'],
    version: /version (\S+)/,
    means: 'metrics cannot be checked by Prometheus itself',
    package: 'promtool',
  },
] as const

export function findPrograms(): Finding[] {
  return [node(), koffi(), ...PROGRAMS.map(program)]
}

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const isNew = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])
  return {
    group: 'programs',
    name: 'Node',
    state: isNew ? 'ok' : 'broken',
    found: process.version,
    path: process.execPath,
    isRequired: true,
    ...(!isNew && { means: `Tidemark needs ${OLDEST_NODE.join('.')} or newer` }),
  }
}

function koffi(): Finding {
  const finding = { group: 'programs', name: 'koffi' } as const
  if (isNativeAvailable())
    return { ...finding, state: 'ok', found: 'loads: a cleanup can have the allocator give pages back' }
  const means = 'a cleanup of our own roles collects garbage and does no more'
  return { ...finding, state: 'missing', found: 'does not load', means, install: 'npm install koffi' }
}

function program({ name, files, version, means, package: packageName }: (typeof PROGRAMS)[number]): Finding {
  const finding = { group: 'programs', name } as const
  const path = files.map((file) => findExecutable(file, process.env)).find((found) => found !== undefined)
  if (path === undefined) {
    const install = installCommand(packageName)
    return { ...finding, state: 'missing', found: 'not in PATH', means, ...(install !== undefined && { install }) }
  }
  const said = version === null ? undefined : runQuietly(path, ['--version'])
  return { ...finding, state: 'ok', found: version?.exec(said ?? '')?.[1] ?? 'found', path }
}
