import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PYTHON } from './python.js'

export interface GitRepository {
  folder: string
  git(...args: string[]): string
  /** Writes files and commits them all. Returns the commit. */
  commit(message: string, files: Record<string, string>): string
}

/** An empty repository with the branch main, whatever the user's own settings are. */
export function gitRepository(folder: string): GitRepository {
  mkdirSync(folder, { recursive: true })
  const git = (...args: string[]) =>
    execFileSync('git', args, {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_CONFIG_SYSTEM: '/dev/null',
        GIT_AUTHOR_NAME: 'test',
        GIT_AUTHOR_EMAIL: 'test@example.org',
        GIT_COMMITTER_NAME: 'test',
        GIT_COMMITTER_EMAIL: 'test@example.org',
      },
    }).trim()
  git('init', '--quiet', '--initial-branch=main')
  return {
    folder,
    git,
    commit: (message, files) => {
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, path)), { recursive: true })
        writeFileSync(join(folder, path), text)
      }
      git('add', '--all')
      git('commit', '--quiet', '--allow-empty', '-m', message)
      return git('rev-parse', 'HEAD')
    },
  }
}

/** A program of ten rounds that holds so much: as a change of code would have it. */
export const holdingProgram = (mib: number) => `
import time
held = bytearray(b'x') * (${mib} << 20)
for number in range(1, 11):
    print(f'Round {number} done', flush=True)
    time.sleep(0.01)
time.sleep(0.3)  # a server still says goodbye; the end of the last round is read meanwhile
`

/** A suite that runs `job.py` of the ref. */
export const HOLDING_SUITE = {
  name: 'job',
  workload: { kind: 'command', command: `${PYTHON} job.py`, rounds: 'end:Round (\\d+) done' },
  trials: 4,
}

/** Two commits: `before` holds 40 MiB, `main` 50. */
export function gateRepository(folder: string): GitRepository {
  const repository = gitRepository(folder)
  repository.commit('Hold 40 MiB', {
    'job.py': holdingProgram(40),
    'job.memory.json': JSON.stringify(HOLDING_SUITE),
    '.gitignore': 'runs\nresults*\njunit.xml\ngate.md\n',
  })
  repository.git('branch', 'before')
  repository.commit('Hold 50 MiB', { 'job.py': holdingProgram(50) })
  return repository
}
