import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { shellWord } from '../../shared/text.js'

/** Jobs of our own runtime that can be soaked by name. */
export const SOAK_JOBS = ['fedavg', 'scaffold', 'cyclic', 'swarm'] as const
export type SoakJob = (typeof SOAK_JOBS)[number]

export interface JobCommand {
  command: string[]
  environment: Record<string, string>
  /** Role that is judged. */
  judged: string
}

const MOST_ROUNDS = 1_000_000

/**
 * Returns a job with the given number of clients as one command. Clients wait for their server
 * themselves.
 */
export async function jobCommand(
  job: SoakJob,
  { clients, modelSize, maxRounds }: { clients: number; modelSize: number; maxRounds: number | undefined },
): Promise<JobCommand> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const rounds = ['--rounds', String(maxRounds ?? MOST_ROUNDS)]
  const shared = ['--port', String(port), '--clients', String(clients), '--model-size', String(modelSize), ...rounds]
  const names = Array.from({ length: clients }, (_, i) => `site-${i + 1}`)
  const roles =
    job === 'swarm'
      ? [['coordinator', ...shared], ...names.map((name) => ['peer', '--coordinator', url, '--name', name])]
      : [['server', '--algorithm', job, ...shared], ...names.map((name) => ['client', '--server', url, '--name', name])]
  const main = fileURLToPath(new URL('../main.js', import.meta.url))
  const lines = roles.map((role) => [process.execPath, main, ...role].map(shellWord).join(' '))
  // The script waits for the first line: the job ends when that process ends.
  const script = [...lines.slice(1).map((line) => `${line} &`), lines[0]!].join('\n')
  return {
    command: ['/bin/sh', '-c', script],
    environment: { TIDEMARK_TOKEN: randomBytes(16).toString('hex') },
    judged: job === 'swarm' ? 'peer' : 'server',
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}
