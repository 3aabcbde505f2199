import { spawnSync } from 'node:child_process'
import { systemErrorCode, TidemarkError, UsageError } from '../../shared/errors.js'

/** Longest time of a git query; commands that take longer are launched instead. */
const TIMEOUT_MS = 60_000
const MOST_BYTES = 64 * 2 ** 20

export interface GitAnswer {
  /** Exit code, 0 on success. */
  code: number
  stdout: string
  stderr: string
}

/**
 * Variables that git sets for hooks. If a hook runs us, they name the user's own index and folder
 * and would override ours.
 */
const OF_HOOKS = ['GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE', 'GIT_PREFIX', 'GIT_OBJECT_DIRECTORY', 'GIT_COMMON_DIR']

/**
 * Environment that removes the variables with which git hooks name the user's own index and folder.
 */
export const GIT_ENVIRONMENT: Record<string, string | undefined> = {
  ...Object.fromEntries(OF_HOOKS.map((name) => [name, undefined])),
  GIT_TERMINAL_PROMPT: '0',
}

/** Arguments before the subcommand: the user's hooks are meant only for the user's own checkout. */
export const WITHOUT_HOOKS = ['-c', 'core.hooksPath=/dev/null', '-c', 'advice.detachedHead=false']

/**
 * Runs git and returns its exit code and output.
 *
 * @throws UsageError when git is not installed
 */
export function askGit(folder: string, args: readonly string[], environment: Record<string, string> = {}): GitAnswer {
  const { status, stdout, stderr, error } = spawnSync('git', [...WITHOUT_HOOKS, ...args], {
    cwd: folder,
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    maxBuffer: MOST_BYTES,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...GIT_ENVIRONMENT, LC_ALL: 'C', ...environment },
  })
  if (error !== undefined) {
    if (systemErrorCode(error) === 'ENOENT')
      throw new UsageError('refs are read by git, and there is no program "git" in PATH', { fix: 'Install git.' })
    throw new TidemarkError(`git ${args[0]} in ${folder} failed: ${error.message}`, { cause: error })
  }
  return { code: status ?? 128, stdout, stderr }
}

/**
 * Runs git and returns its output without the last newline.
 *
 * @throws UsageError with git's message when it fails
 */
export function git(folder: string, args: readonly string[], environment: Record<string, string> = {}): string {
  const { code, stdout, stderr } = askGit(folder, args, environment)
  if (code === 0) return stdout.trimEnd()
  throw new UsageError(`git ${args.join(' ')} in ${folder} failed: ${stderr.trim() || `exit code ${code}`}`)
}
