import { runRole } from '../../../federation/process/role-process.js'
import { runCoordinator } from '../../../federation/swarm/coordinator/coordinator.js'
import { weightsBytes } from '../../../federation/tensors/weights.js'
import { modelSpecs } from '../../../federation/training/models/model-choice.js'
import { jobOptions, logOptions, roundOptions, trainingOptions } from '../../../options/federation.js'
import { networkOptions } from '../../../options/network.js'
import { swarmOptions } from '../../../options/roles.js'
import { defaultValues, type OptionValues } from '../../../options/types/spec.js'
import { count } from '../../../shared/text.js'
import type { Command } from '../../parsing/command.js'

const { host, port, tokenFile, idleMs } = networkOptions
const { order, ...ofRound } = roundOptions
const { scaffoldOption, ...ofTraining } = trainingOptions
const options = {
  ...jobOptions,
  host,
  port,
  tokenFile,
  idleMs,
  ...swarmOptions,
  ...ofRound,
  ...ofTraining,
  ...logOptions,
}
/** Options of other algorithms. The job description for a peer has a value for each regardless. */
const ofOthers = { order, scaffoldOption }

export const command: Command = {
  verb: 'coordinator',
  summary: 'Run the coordinator of a swarm: it tracks members and heartbeats, and holds no weights.',
  description: [
    'Waits until --clients peers have joined, sends them the settings of the job and all addresses, and ends when they',
    'have completed all rounds. The peers train, and aggregate the rounds themselves, a different peer each time; start',
    'each with tidemark peer. Peers need the join token: set TIDEMARK_TOKEN on both sides, or copy the one that the',
    'coordinator prints.',
  ].join('\n'),
  options,
  examples: [
    'TIDEMARK_TOKEN=letmein tidemark coordinator --port 8080 --clients 3 --rounds 5',
    'TIDEMARK_TOKEN=letmein tidemark coordinator --port 8080 --clients 3 --rotation random --trainer echo --model-size 100MiB',
  ],
  async run(input) {
    const settings = { ...defaultValues(ofOthers), ...(input.options as OptionValues<typeof options>) }
    await runRole({ role: 'coordinator' }, settings, async (role) => {
      await runCoordinator(settings, weightsBytes(modelSpecs(settings)), role)
      role.log(`the job is complete: ${count(settings.rounds, 'round')}`)
    })
    return 0
  },
}
