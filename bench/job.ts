/** Jobs of the benchmarks: roles started through the command line, as a user would, and measured by their own marks. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, watch } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Mark } from '../src/shared/marks.js'

const PROGRAM = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))

export const TOKEN = 'bench'

export function start(
  args: string[],
  marksFile: string,
  environment: Record<string, string> = {},
  node = process.execPath,
): ChildProcess {
  return spawn(node, [PROGRAM, ...args], {
    // Its input stays open as long as this process lives; a role ends when it closes.
    stdio: ['pipe', 'ignore', 'inherit'],
    env: {
      ...process.env,
      TIDEMARK_TOKEN: TOKEN,
      TIDEMARK_MARKS: marksFile,
      TIDEMARK_OWNED: '1',
      ...environment,
    },
  })
}

export async function serverUrl(file: string, server: ChildProcess): Promise<string> {
  const changes = watch(file)
  try {
    for (;;) {
      const ready = readMarks(file).find((mark) => mark.mark === 'ready')
      if (ready?.url !== undefined) return ready.url
      if (server.exitCode !== null) throw new Error(`the server ended with exit code ${server.exitCode}`)
      await Promise.race([once(changes, 'change'), once(server, 'exit')])
    }
  } finally {
    changes.close()
  }
}

export async function ended(role: ChildProcess): Promise<void> {
  if (role.exitCode === null) await once(role, 'exit')
  if (role.exitCode !== 0) throw new Error(`${role.spawnargs.slice(1).join(' ')} ended with exit code ${role.exitCode}`)
}

export function readMarks(file: string): Mark[] {
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as Mark)
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2
}
