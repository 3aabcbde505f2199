import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { PYTHON } from '../python.js'

export const SPIKES_ON_ORDER = fileURLToPath(new URL('../fixtures/spikes-on-order.py', import.meta.url))

/** A process that takes memory when it is asked to. */
export interface SpikingProgram {
  readonly pid: number
  readonly child: ChildProcessWithoutNullStreams
  /** Takes memory for a while and frees it; resolves with its RSS at the top. */
  spike(bytes: number, ms: number): Promise<number>
  /** Writes the mark of a round's end; resolves when it is written. */
  round(number: number): Promise<void>
  end(): Promise<void>
}

export async function startSpikingProgram(environment: Record<string, string> = {}): Promise<SpikingProgram> {
  const child = spawn(PYTHON, [SPIKES_ON_ORDER], { env: { ...process.env, ...environment } })
  onTestFinished(() => void child.kill('SIGKILL'))
  return followSpikingProgram(child)
}

/** @param child whose stdin and stdout lead to spikes-on-order.py */
export async function followSpikingProgram(child: ChildProcessWithoutNullStreams): Promise<SpikingProgram> {
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async (): Promise<number> => Number(String((await lines.next()).value).split(' ')[1])
  const ask = (order: string) => {
    child.stdin.write(`${order}\n`)
    return answer()
  }
  await answer()
  return {
    pid: child.pid!,
    child,
    spike: (bytes, ms) => ask(`spike ${bytes} ${ms}`),
    round: async (number) => void (await ask(`round ${number}`)),
    end: async () => {
      child.stdin.end()
      if (child.exitCode === null) await once(child, 'exit')
    },
  }
}
