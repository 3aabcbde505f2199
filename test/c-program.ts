import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findExecutable } from '../src/linux/files/executable.js'
import { temporaryFolder } from './temporary-folder.js'

const compiler = ['cc', 'gcc', 'clang'].find((name) => findExecutable(name, process.env) !== undefined)

/** Builds a program of test/fixtures/ into a temporary folder. @throws when it does not build */
export function cProgram(name: string): string {
  const program = join(temporaryFolder(), name)
  const source = fileURLToPath(new URL(`./fixtures/${name}.c`, import.meta.url))
  const built = spawnSync(compiler ?? 'cc', ['-O1', '-o', program, source, '-lpthread'], { encoding: 'utf8' })
  if (built.status !== 0) throw new Error(`cannot build ${source}: ${built.error?.message ?? built.stderr}`)
  return program
}
