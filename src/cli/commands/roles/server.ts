import { algorithmOf } from '../../../federation/algorithms/all.js'
import { loadServerModel } from '../../../federation/process/job-model.js'
import { probeAttribution } from '../../../federation/process/probe.js'
import { runRole } from '../../../federation/process/role-process.js'
import { runServer } from '../../../federation/server/server.js'
import { jobOptions, logOptions, memoryOptions, roundOptions, trainingOptions } from '../../../options/federation.js'
import { exposureOptions, networkOptions, tlsOptions } from '../../../options/network.js'
import { serverOptions } from '../../../options/roles.js'
import type { OptionValues } from '../../../options/types/spec.js'
import { count } from '../../../shared/text.js'
import type { Command } from '../../parsing/command.js'
import { importAlgorithm } from '../../parsing/import-algorithm.js'

const options = {
  ...jobOptions,
  ...networkOptions,
  ...tlsOptions,
  ...exposureOptions,
  ...serverOptions,
  ...roundOptions,
  ...trainingOptions,
  serverMemoryGcRounds: memoryOptions.serverMemoryGcRounds,
  ...logOptions,
}

const loadKit = () => import('../../../federation/algorithms/index.js')

export const command: Command = {
  verb: 'server',
  summary: 'Run the server of a federated-learning job.',
  description: [
    'Listens, waits until --clients clients have joined, runs --rounds rounds and ends. The server sends the settings',
    'of the job to its clients, so they are given here only. Clients need the join token: set TIDEMARK_TOKEN on both',
    'sides, or copy the one that the server prints. Each round is logged on standard error and marked in the file named',
    'by TIDEMARK_MARKS.',
  ].join('\n'),
  options,
  examples: [
    'TIDEMARK_TOKEN=letmein tidemark server --port 8080 --clients 2 --rounds 5',
    'TIDEMARK_TOKEN=letmein tidemark server --port 8080 --clients 1 --trainer echo --model-size 100MiB --server-memory-gc-rounds 5',
  ],
  async run(input) {
    const settings = input.options as OptionValues<typeof options>
    await runRole({ role: 'server', receivesWeights: true }, settings, async (role) => {
      const algorithm = await algorithmOf(settings.algorithm, (file) => importAlgorithm(file, loadKit))
      const loadModel = () => loadServerModel(settings)
      const weights = await runServer({ settings, algorithm, loadModel }, role)
      await probeAttribution(role)
      role.log(`the job is complete: ${count(settings.rounds, 'round')}, ${count(weights.specs.length, 'tensor')}`)
    })
    if (settings.checkpoint !== undefined) process.stdout.write(`${settings.checkpoint}\n`)
    return 0
  },
}
