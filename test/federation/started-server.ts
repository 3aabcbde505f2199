import { onTestFinished } from 'vitest'
import { algorithmNamed } from '../../src/federation/algorithms/all.js'
import type { ServerSettings } from '../../src/federation/process/job.js'
import { runServer } from '../../src/federation/server/server.js'
import type { Weights } from '../../src/federation/tensors/weights.js'
import { StoppedError } from '../../src/shared/errors.js'
import { fakeRole, waitForMark } from './fake-role.js'
import { serverSettings } from './settings.js'

/** A server in the test's own process that listens, of one round unless said otherwise. What the test does not end is stopped with it. */
export async function startServerOf(initial: Weights, changes: Partial<ServerSettings>) {
  const role = fakeRole()
  const settings = serverSettings({ rounds: 1, ...changes })
  const algorithm = algorithmNamed(settings.algorithm, undefined)
  const job = runServer({ settings, algorithm, loadModel: async () => ({ initial }) }, role)
  job.catch(() => {})
  onTestFinished(async () => {
    role.stop(new StoppedError('SIGTERM'))
    await job.catch(() => {})
  })
  const { url } = await Promise.race([waitForMark(role, 'ready'), job.then(() => Promise.reject(new Error('ended')))])
  return { url: url!, role, job }
}
