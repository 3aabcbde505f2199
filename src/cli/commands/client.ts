import { assertAlgorithm } from '../../federation/algorithms/all.js'
import { runClient } from '../../federation/roles/client.js'
import { trainerMaker } from '../../federation/roles/job-model.js'
import { runRole } from '../../federation/roles/role-process.js'
import {
  clientOptions,
  logOptions,
  memoryOptions,
  networkOptions,
  type OptionValues,
  tlsOptions,
} from '../../options.js'
import type { Command } from '../command.js'
import { importAlgorithm } from '../import-algorithm.js'

const options = {
  ...clientOptions,
  tokenFile: networkOptions.tokenFile,
  maxModelSize: networkOptions.maxModelSize,
  idleMs: networkOptions.idleMs,
  ...tlsOptions,
  clientMemoryGcRounds: memoryOptions.clientMemoryGcRounds,
  ...logOptions,
}

const loadKit = () => import('../../federation/algorithms/index.js')

export const command: Command = {
  verb: 'client',
  summary: 'Run a client of a federated-learning job.',
  description:
    'Joins the server, learns the settings of the job from it, and trains whenever it is asked to, until the server says ' +
    'that the job is over. A broken connection is mended; one that stays broken for --connect-deadline ends the client.',
  options,
  examples: ['TIDEMARK_TOKEN=letmein tidemark client --server http://127.0.0.1:8080 --name site-1'],
  async run(input) {
    const settings = input.options as OptionValues<typeof options>
    await runRole({ role: 'client', name: settings.name }, settings, async (role) => {
      const { algorithm: file } = settings
      const own = file === undefined ? undefined : assertAlgorithm(await importAlgorithm(file, loadKit), file)
      await runClient(settings, trainerMaker(own), role)
    })
    return 0
  },
}
