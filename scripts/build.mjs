/** Compiles src/ to dist/ and copies the assets of the report page beside the code that inlines them. */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from './install.mjs'

export function build() {
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  const tsc = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  if (tsc.status !== 0) process.exit(tsc.status ?? 1)
  const assets = join(root, 'src/report/page')
  if (existsSync(assets)) cpSync(assets, join(root, 'dist/report/page'), { recursive: true })
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) build()
