/**
 * Everything that CI runs, one part after the other; each runs whatever became of those before. As root, the tests run as a
 * user of their own who is not: what works for root alone would go unseen otherwise. Those tests follow as root that take its
 * rights, and those that a machine without optional parts runs differently, on such a machine.
 */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { installOnce, root } from './install.mjs'

const USER = 'tidemark-ci'
const VITEST = ['npx', '--no-install', 'vitest', 'run']
const RELEASES = ['npm', 'run', 'test:node', '--', '22,24,26', '--short']
/** What stands in test files that need rights, and in those that need any part: test/optional-parts.ts. */
const RIGHTS = /needs\([^)]*'(root|mounts|a user|memory|swap|a pool)/
const PARTS = /optional-parts\.js'/
/** Parts that a bare machine has as well (scripts/on-a-bare-machine.sh removes the others). */
const STAY = [
  ...['root', 'a user who is not root', 'mounts', 'memory cgroup', 'swap', 'loop devices', 'tmpfs', 'huge pages'],
  ...['a pool of huge pages', 'koffi', 'openssl', 'fish', 'zsh', 'otava'],
]
/** Asks for a part in one example of a hundred, a probe, which test/cli/probe.test.ts has as well. */
const ALREADY_RUN = 'test/cli/examples.test.ts'
const isRoot = process.getuid() === 0
const passed = []
const failed = []

installOnce()
const folder = mkdtempSync('/tmp/tidemark-ci-')
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
/** What failed, one line each, of all parts: printed last, and the other user writes there too. */
const failures = join(folder, 'failed.txt')
writeFileSync(failures, '')
chmodSync(failures, 0o666)
chmodSync(folder, 0o755)

part('all checks and tests, as a user who is not root', () => (isRoot ? asUser(['npm', 'test']) : run(['npm', 'test'])))
// The user has built a copy of their own.
const isBuilt = run([process.execPath, 'scripts/build.mjs'])
part('a short part of the tests under other releases of Node', () => isBuilt && run(RELEASES))
if (isRoot) {
  part(
    'tests that take rights of root',
    () => isBuilt && run([...VITEST, '--tags-filter', 'rights', ...filesThat(RIGHTS)]),
  )
  // What runs otherwise without a C compiler, beside what is left out. With CI=true a missing part would be a failure.
  const differently = ['test/recording', 'test/cli/doctor.test.ts', ...filesThat(PARTS).filter(lacksParts)]
  part(
    'tests that a bare machine runs differently',
    () => isBuilt && run(['bash', 'scripts/on-a-bare-machine.sh', ...VITEST, ...differently]),
  )
} else
  console.log(
    '\nleft out: tests that take rights of root, and a bare machine, which takes mounts. As root .ci/run has both.',
  )

console.log(`\n${readFileSync(failures, 'utf8')}`.trimEnd())
console.log(
  `\n.ci/run: ${passed.length} parts passed, ${failed.length} failed${failed.map((name) => `\n  FAILED: ${name}`).join('')}`,
)
console.log(`${passed.length} passed, ${failed.length} failed`)
process.exitCode = failed.length > 0 ? 1 : 0

function part(name, work) {
  console.log(`\n==== ${name}`)
  const started = Date.now()
  const isWell = work()
  ;(isWell ? passed : failed).push(name)
  console.log(`==== ${name}: ${isWell ? 'passed' : 'FAILED'} in ${((Date.now() - started) / 1000).toFixed(0)} s`)
}

function run([program, ...args], environment = {}, cwd = root) {
  const env = { ...process.env, TIDEMARK_IS_BUILT: '1', TIDEMARK_FAILED_FILE: failures, ...environment }
  const { status, signal, error } = spawnSync(program, args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] })
  if (error !== undefined) console.log(`cannot start ${program}: ${error.message}`)
  else if (status !== 0) console.log(`${program} ended with ${status ?? signal}`)
  return status === 0
}

/** In a copy that belongs to the user, with a home and a temporary folder of their own. */
function asUser(command) {
  const ids = makeUser()
  const [project, home, temporary] = ['project', 'home', 'tmp'].map((name) => join(folder, name))
  cpSync(root, project, { recursive: true, verbatimSymlinks: true })
  for (const made of [join(home, '.cache/tidemark'), temporary]) mkdirSync(made, { recursive: true })
  const { TIDEMARK_CI_CACHE: cache } = process.env
  if (cache !== undefined) symlinkSync(join(cache, 'tidemark/frameworks'), join(home, '.cache/tidemark/frameworks'))
  if (!run(['chown', '-R', `${ids.uid}:${ids.gid}`, project, home, temporary])) return false
  const environment = { HOME: home, TMPDIR: temporary, USER, LOGNAME: USER, XDG_CACHE_HOME: '', XDG_CONFIG_HOME: '' }
  const drop = ['setpriv', `--reuid=${ids.uid}`, `--regid=${ids.gid}`, '--clear-groups', '--']
  return run([...drop, ...command], environment, project)
}

/** Left there: the machine that CI runs on is thrown away. */
function makeUser() {
  const known = () => {
    const line = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((one) => one.startsWith(`${USER}:`))
    const [, , uid, gid] = line?.split(':') ?? []
    return line === undefined ? undefined : { uid, gid }
  }
  if (known() === undefined) run(['useradd', '--system', '--user-group', '--no-create-home', USER])
  return known() ?? { uid: '64321', gid: '64321' } // a number without a name has no more rights
}

/** Whether a test file asks for a part that a bare machine lacks; those that name none choose it as they run. */
function lacksParts(file) {
  const needs = readFileSync(join(root, file), 'utf8').match(/needs\([^)]*\)/g) ?? []
  if (file === ALREADY_RUN) return false
  const names = needs.flatMap((call) => call.match(/'[^']+'/g) ?? ['chosen as it runs'])
  return names.length === 0 || names.some((name) => !STAY.includes(name.slice(1, -1)))
}

/** Test files with this in their text. */
function filesThat(pattern) {
  const files = readdirSync(join(root, 'test'), { recursive: true }).filter((name) => name.endsWith('.test.ts'))
  return files.map((name) => join('test', name)).filter((name) => pattern.test(readFileSync(join(root, name), 'utf8')))
}
