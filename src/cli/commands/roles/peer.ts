import { loadServerModel, makeTrainer } from '../../../federation/process/job-model.js'
import { probeAttribution } from '../../../federation/process/probe.js'
import { runRole } from '../../../federation/process/role-process.js'
import { runPeer } from '../../../federation/swarm/peer/peer.js'
import { type SwarmSettings, trainingJob } from '../../../federation/swarm/swarm-job.js'
import { gatherWeights } from '../../../federation/tensors/global-state.js'
import { logOptions, memoryOptions } from '../../../options/federation.js'
import { joinTokenFile, networkOptions } from '../../../options/network.js'
import { peerOptions } from '../../../options/roles.js'
import type { OptionValues } from '../../../options/types/spec.js'
import { count } from '../../../shared/text.js'
import type { Command } from '../../parsing/command.js'

const options = {
  ...peerOptions,
  host: networkOptions.host,
  port: networkOptions.port,
  tokenFile: joinTokenFile,
  memoryGcRounds: memoryOptions.memoryGcRounds,
  ...logOptions,
}

export const command: Command = {
  verb: 'peer',
  summary: 'Run a peer of a swarm: it trains, and aggregates rounds when its turn comes.',
  description: [
    'Joins the coordinator, receives the settings of the job and the list of peers, and then talks to the peers',
    'directly. If the peer that aggregates a round dies, the next one in the rotation takes over without repeated',
    'training. A peer that is restarted under its name catches up. A commit needs the confirmation of a majority of the',
    'peers.',
  ].join('\n'),
  options,
  examples: ['TIDEMARK_TOKEN=letmein tidemark peer --coordinator http://127.0.0.1:8080 --name site-1'],
  async run(input) {
    const settings = input.options as OptionValues<typeof options>
    await runRole({ role: 'peer', name: settings.name, receivesWeights: true }, settings, async (role) => {
      const loadModel = async (job: SwarmSettings) => {
        const model = await loadServerModel(trainingJob(job))
        return { ...model, initial: gatherWeights(model.initial) }
      }
      const weights = await runPeer({ settings, makeTrainer, loadModel }, role)
      await probeAttribution(role)
      role.log(`the job is complete, ${count(weights.specs.length, 'tensor')}`)
    })
    return 0
  },
}
