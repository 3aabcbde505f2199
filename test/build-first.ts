import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Process-level tests run the compiled program; compile it before any of them starts, unless `npm test` has just done so. */
export default function buildFirst(): void {
  if (process.env.TIDEMARK_IS_BUILT === '1') return
  const root = fileURLToPath(new URL('..', import.meta.url))
  execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: root, stdio: 'inherit' })
}
