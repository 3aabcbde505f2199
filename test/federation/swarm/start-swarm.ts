/** A coordinator and its peers inside the test's process, over real sockets. */
import { onTestFinished } from 'vitest'
import type { MakeTrainer } from '../../../src/federation/process/job.js'
import { runCoordinator } from '../../../src/federation/swarm/coordinator/coordinator.js'
import { runPeer } from '../../../src/federation/swarm/peer/peer.js'
import type { CoordinatorSettings, PeerJob, PeerSettings, SwarmModel } from '../../../src/federation/swarm/swarm-job.js'
import type { Weights } from '../../../src/federation/tensors/weights.js'
import { memoryOptions } from '../../../src/options/federation.js'
import { networkOptions } from '../../../src/options/network.js'
import { peerOptions, swarmOptions } from '../../../src/options/roles.js'
import { defaultValues } from '../../../src/options/types/spec.js'
import { StoppedError } from '../../../src/shared/errors.js'
import { type FakeRole, fakeRole, waitForMark } from '../fake-role.js'
import { serverSettings } from '../settings.js'

export interface StartedPeer {
  name: string
  role: FakeRole
  done: Promise<Weights>
}

export interface StartedSwarm {
  url: string
  role: FakeRole
  done: Promise<void>
  peer(name: string, changes: PeerChanges): StartedPeer
}

export interface PeerChanges {
  makeTrainer: MakeTrainer
  model: SwarmModel
  sample?: PeerJob['sample']
  /** Where the peer believes that the coordinator is. */
  coordinator?: string
  /** Other options of the peer. */
  options?: Partial<PeerSettings>
}

export async function startSwarm(changes: Partial<CoordinatorSettings>): Promise<StartedSwarm> {
  const role = fakeRole()
  const settings = { ...serverSettings(), ...defaultValues(swarmOptions), reconnectMs: 2000, ...changes }
  const done = runCoordinator(settings, 1000, role)
  endWithTest(role, done)
  const { url } = await Promise.race([waitForMark(role, 'ready'), done.then(() => Promise.reject(new Error('ended')))])
  return { url: url!, role, done, peer: (name, from) => startPeer(url!, name, from) }
}

function startPeer(
  url: string,
  name: string,
  { makeTrainer, model, sample, coordinator = url, options }: PeerChanges,
): StartedPeer {
  const role = fakeRole()
  const settings = {
    ...defaultValues({ ...peerOptions, ...networkOptions, ...memoryOptions }),
    memoryGcRounds: 0,
    coordinator,
    name,
    ...options,
  }
  const loadModel = async () => ({ ...model })
  const done = runPeer({ settings, makeTrainer, loadModel, ...(sample === undefined ? {} : { sample }) }, role)
  endWithTest(role, done)
  return { name, role, done }
}

function endWithTest(role: FakeRole, done: Promise<unknown>): void {
  done.catch(() => {})
  onTestFinished(async () => {
    role.stop(new StoppedError('SIGTERM'))
    await done.catch(() => {})
  })
}
