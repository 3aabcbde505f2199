/**
 * `npm run test:node -- RELEASES [--short] [FILES]`: run tests under other releases of Node.
 *
 *     npm run test:node -- 24                        the whole suite under Node 24
 *     npm run test:node -- 22,26 test/memory         some of its files, one release after the other
 *     npm run test:node -- 22,24,26 --short          what a release is most likely to break; under a minute each
 *
 * Each release is the npm package node-linux-ARCH, installed once into a cache folder. Remove that folder to get a newer one.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { installOnce, root } from './install.mjs'

/** The main job, a role each, the recorder, the cleanup, and the flags of V8. */
const SHORT = ['test/cli/node-releases.test.ts', 'test/memory/cleanup.test.ts', 'test/memory/v8-flags.test.ts']

const args = process.argv.slice(2)
const isShort = args.includes('--short')
const [given, ...files] = args.filter((arg) => arg !== '--short')
const releases = given?.split(',') ?? []
if (releases.length === 0 || !releases.every((release) => /^\d+(\.\d+){0,2}$/.test(release))) {
  console.error(`test:node: found ${given ?? 'no release'}, expected releases of Node such as 24 or 22,24,26`)
  console.error('  For example: npm run test:node -- 24 --short')
  process.exit(2)
}

installOnce()
const results = []
for (const release of releases) results.push(run(release))
console.log(`\n${results.map(({ version, status }) => `Node ${version}: ${status}`).join('\n')}`)
process.exitCode = results.every(({ status }) => status === 'passed') ? 0 : 1

function run(release) {
  const node = install(release)
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
  console.log(`\n== Node ${version}, from ${node}`)
  const tests = isShort ? [...SHORT, ...files] : files
  // First on the path, so that whatever a test starts as `node` is this one too.
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` }
  // Builds, and starts the program as `npm start` does.
  const start = spawnSync(node, [join(root, 'scripts/start.mjs'), '--version'], { cwd: root, env, encoding: 'utf8' })
  if (start.status !== 0 || /\(node:\d+\)|bad option|unrecognized flag/.test(start.stderr))
    return { version, status: `FAILED: npm start ended with ${start.status}: ${start.stderr}` }
  const { status } = spawnSync(node, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...tests], {
    cwd: root,
    stdio: 'inherit',
    env: { ...env, TIDEMARK_IS_BUILT: '1' },
  })
  return { version, status: status === 0 ? 'passed' : `FAILED (exit ${status})` }
}

/** Installs the release unless the cache has it, and returns the path of its `node`. */
function install(release) {
  const name = `node-linux-${process.arch}`
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  const folder = join(cache, 'tidemark', 'node', release)
  const node = join(folder, 'node_modules', name, 'bin', 'node')
  if (existsSync(node)) return node
  mkdirSync(folder, { recursive: true })
  // With a manifest of its own, npm does not look for one in the folders above.
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  const npm = spawnSync('npm', ['install', '--no-audit', '--no-fund', `${name}@${release}`], {
    cwd: folder,
    stdio: ['ignore', 2, 2],
  })
  if (npm.status === 0 && existsSync(node)) return node
  console.error(
    `test:node: npm could not install ${name}@${release} into ${folder}, see above. Is there such a release, and is the registry reachable?`,
  )
  process.exit(3)
}
