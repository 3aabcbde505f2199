import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Process-level tests run the compiled program; compile it before any of them starts. */
export default function buildFirst(): void {
  const root = fileURLToPath(new URL('..', import.meta.url))
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  })
}
