/** The job whose recording is measured: a server and two echo clients, through the command line, as a trial starts them. */
import type { ChildProcess } from 'node:child_process'
import { ended, serverUrl, start } from '../job.js'

export interface JobProcess {
  role: 'server' | 'client'
  name: string
  child: ChildProcess
}

export interface Job {
  processes: JobProcess[]
  /** Resolves when all have ended well. */
  done(): Promise<void>
  /** Ends what still runs. */
  kill(): void
}

const CLIENTS = 2

export async function startJob(marksFile: string, { size, rounds }: { size: string; rounds: number }): Promise<Job> {
  const job = ['--trainer', 'echo', '--aggregation', 'buffered', '--model-size', size, '--clients', String(CLIENTS)]
  const server = start(['server', ...job, '--rounds', String(rounds)], marksFile)
  const processes: JobProcess[] = [{ role: 'server', name: 'server', child: server }]
  const kill = () => {
    for (const { child } of processes) child.kill('SIGKILL')
  }
  try {
    const url = await serverUrl(marksFile, server)
    for (let i = 1; i <= CLIENTS; i++) {
      const name = `site-${i}`
      processes.push({ role: 'client', name, child: start(['client', '--server', url, '--name', name], marksFile) })
    }
  } catch (error) {
    kill()
    throw error
  }
  return {
    processes,
    kill,
    done: async () => {
      for (const { child } of processes) await ended(child)
    },
  }
}
