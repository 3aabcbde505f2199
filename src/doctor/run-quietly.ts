import { spawnSync } from 'node:child_process'

/** Time limit for a program that we run for an answer. */
const TIMEOUT_MS = 10_000
const MOST_BYTES = 4 * 2 ** 20

/**
 * Runs a program and returns what it prints, stdout and stderr together. Returns undefined when it
 * cannot be run or fails.
 */
export function runQuietly(
  program: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): string | undefined {
  const { status, stdout, stderr, error } = spawnSync(program, [...args], {
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
    maxBuffer: MOST_BYTES,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  })
  return error !== undefined || status !== 0 ? undefined : `${stdout}${stderr}`
}
