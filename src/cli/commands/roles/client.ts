import { assertAlgorithm } from '../../../federation/algorithms/all.js'
import { runClient } from '../../../federation/client/client.js'
import { trainerMaker } from '../../../federation/process/job-model.js'
import { runRole } from '../../../federation/process/role-process.js'
import { logOptions, memoryOptions } from '../../../options/federation.js'
import { clientTlsOptions, joinTokenFile, networkOptions } from '../../../options/network.js'
import { clientOptions, isAlgorithmFile } from '../../../options/roles.js'
import type { OptionValues } from '../../../options/types/spec.js'
import type { Command } from '../../parsing/command.js'
import { importAlgorithm } from '../../parsing/import-algorithm.js'

const options = {
  ...clientOptions,
  tokenFile: joinTokenFile,
  maxModelSize: networkOptions.maxModelSize,
  idleMs: networkOptions.idleMs,
  ...clientTlsOptions,
  clientMemoryGcRounds: memoryOptions.clientMemoryGcRounds,
  ...logOptions,
}

const loadKit = () => import('../../../federation/algorithms/index.js')

export const command: Command = {
  verb: 'client',
  summary: 'Run a client of a federated-learning job.',
  description: [
    'Joins the server, receives the settings of the job, and trains on request until the server ends the job.',
    'Reconnects after a broken connection, and gives up after --connect-deadline.',
  ].join('\n'),
  options,
  examples: ['TIDEMARK_TOKEN=letmein tidemark client --server http://127.0.0.1:8080 --name site-1'],
  async run(input) {
    const settings = input.options as OptionValues<typeof options>
    await runRole({ role: 'client', name: settings.name }, settings, async (role) => {
      // A shipped algorithm needs no file. It is named here where the server's variable is set for
      // the client too.
      const { algorithm: file = '' } = settings
      const own = isAlgorithmFile(file) ? assertAlgorithm(await importAlgorithm(file, loadKit), file) : undefined
      await runClient(settings, trainerMaker(own), role)
    })
    return 0
  },
}
