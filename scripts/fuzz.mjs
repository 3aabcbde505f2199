/** `npm run fuzz [-- CASES]`: the fuzzers of the tests, with 20,000 cases of each kind. TIDEMARK_FUZZ_SEED picks other cases. */
import { spawnSync } from 'node:child_process'
import { installOnce, root } from './install.mjs'

installOnce()

const FUZZERS = ['test/federation/fuzz.test.ts', 'test/cli/stored-files-fuzz.test.ts']

const [cases = '20000'] = process.argv.slice(2)
const { status } = spawnSync('npx', ['--no-install', 'vitest', 'run', ...FUZZERS], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, TIDEMARK_FUZZ_CASES: cases },
})
process.exitCode = status ?? 1
