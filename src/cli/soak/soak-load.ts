import { join } from 'node:path'
import { startGuard } from '../../launch/guard.js'
import { type LaunchedProcess, launch } from '../../launch/launch.js'

const GRACE_MS = 2000
/** Shortest run of a load; one that ends sooner does no work. */
const SHORTEST_MS = 1000

export interface SoakLoad {
  close(): Promise<void>
}

/**
 * Keeps a command running beside the program, under a guard of its own, so that it is not measured.
 * It is restarted when it ends successfully. Its output goes to `load.log` in the recording's
 * folder.
 *
 * @param onFailed called once, when the command failed or repeatedly ended at once
 */
export async function startLoad(command: string, folder: string, onFailed: (why: string) => void): Promise<SoakLoad> {
  const guard = await startGuard()
  const file = join(folder, 'load.log')
  let isClosing = false
  let running: LaunchedProcess | undefined
  const keep = async () => {
    let short = 0
    while (!isClosing) {
      running = await launch(guard, { label: 'the load', command: ['/bin/sh', '-c', command], output: { file } })
      const { code, signal, timeMs } = await running.exited
      if (isClosing) return
      if (code !== 0) return onFailed(`the load ended with ${signal ?? `exit code ${code}`}; see ${file}`)
      short = timeMs - running.startedMs < SHORTEST_MS ? short + 1 : 0
      if (short === 3) return onFailed(`the load ended at once three times in a row; see ${file}`)
    }
  }
  const done = keep().catch((error: unknown) => onFailed(error instanceof Error ? error.message : String(error)))
  return {
    close: async () => {
      isClosing = true
      await running?.end(GRACE_MS)
      await done
      await guard.close(GRACE_MS)
    },
  }
}
