/** Compiles src/ to dist/, copies the assets of the report page and the C sources beside the code that reads them, and bundles its script. */
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from './install.mjs'

const SOURCES_IN_C = ['recording/probe/tidemark-probe.c', 'recording/sampling/native/sampling-loop.c']

export function build() {
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  const tsc = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  if (tsc.status !== 0) process.exit(tsc.status ?? 1)
  // As npm does where it installs the program.
  chmodSync(join(root, 'dist/cli/main.js'), 0o755)
  const assets = join(root, 'src/report/browser')
  if (existsSync(assets)) cpSync(assets, join(root, 'dist/report/browser'), { recursive: true })
  for (const source of SOURCES_IN_C) cpSync(join(root, 'src', source), join(root, 'dist', source))
  bundlePage('page')
  bundlePage('recording-page')
  bundlePage('live-page')
}

/** A page opens from disk, where a browser loads no modules: its script is one file, Plot included. */
function bundlePage(name) {
  const bundler = join(root, 'node_modules/rolldown/bin/cli.mjs')
  const page = `dist/report/browser/${name}`
  const format = ['--format', 'iife', '--platform', 'browser', '--minify', '--logLevel', 'warn']
  const rolldown = spawnSync(process.execPath, [bundler, `${page}.js`, '--file', `${page}.bundle.js`, ...format], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  if (rolldown.status !== 0) process.exit(rolldown.status ?? 1)
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) build()
