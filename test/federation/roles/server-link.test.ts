import { expect, it, onTestFinished } from 'vitest'
import { fedavg } from '../../../src/federation/algorithms/fedavg.js'
import { ServerConnection } from '../../../src/federation/client/server-connection.js'
import { runServer } from '../../../src/federation/server/server.js'
import { StoppedError } from '../../../src/shared/errors.js'
import { fakeRole, TOKEN, waitForMark } from '../fake-role.js'
import { joinByHand } from '../raw-client.js'
import { clientSettings, serverSettings } from '../settings.js'

const initial = { specs: [{ name: 'w', dtype: 'F32', shape: [4] }] as const, data: [Float32Array.of(1, 2, 3, 4)] }

async function startJob() {
  const role = fakeRole()
  const settings = serverSettings({ clients: 2, minClients: 2, rounds: 2 })
  const job = runServer({ settings, algorithm: fedavg, loadModel: async () => ({ initial: { ...initial } }) }, role)
  job.catch(() => {})
  const { url } = await waitForMark(role, 'ready')
  const link = new ServerConnection({
    ...clientSettings(),
    server: url!,
    token: TOKEN,
    name: 'site-1',
    signal: new AbortController().signal,
    log: role.log,
  })
  onTestFinished(async () => {
    link.close()
    role.stop(new StoppedError('SIGTERM'))
    await job.catch(() => {})
  })
  await link.join()
  const other = await joinByHand(url!, 'site-2')
  return { link, other, role }
}

const claim = { round: 1, attempt: 0, numExamples: 1, steps: 1 }

it('a result that is sent again is answered, and the connection still serves', async () => {
  const { link } = await startJob()
  await link.nextTask()
  expect(await link.sendResult(claim, initial)).toMatchObject({ result: 'accepted' })
  for (let again = 0; again < 3; again++)
    expect(await link.sendResult(claim, initial)).toMatchObject({ result: 'duplicate' })
  await link.sendFailure(claim, 'no more')
})

it('a task that is asked for again is given again', async () => {
  const { link } = await startJob()
  for (let again = 0; again < 3; again++) {
    const task = await link.nextTask()
    expect(task.head).toEqual({ task: 'train', round: 1, attempt: 0, place: { index: 0, clients: 2 } })
    expect('weights' in task && task.weights.data).toEqual(initial.data)
  }
})

it('a rejected result may be followed by a good one', async () => {
  const { link } = await startJob()
  await link.nextTask()
  const bad = { specs: initial.specs, data: [Float32Array.of(1, 2, Number.NaN, 4)] }
  expect(await link.sendResult(claim, bad)).toMatchObject({ result: 'rejected' })
  expect(await link.sendResult({ ...claim, round: 9 }, initial)).toMatchObject({ result: 'rejected' })
  expect(await link.sendResult(claim, initial)).toMatchObject({ result: 'accepted' })
})

it('a session that the server does not know joins again', async () => {
  const { link, other } = await startJob()
  await link.nextTask()
  const first = link.settings
  // What a restarted server looks like to its clients: the job has another name.
  Object.assign(other.identity, { 'tidemark-job': 'another' })
  expect(await other.task()).toMatchObject({ body: expect.stringContaining('join-again') })
  await link.join()
  expect(link.settings).toEqual(first)
  expect(await link.sendResult(claim, initial)).toMatchObject({ result: 'accepted' })
})
