import { runClient } from '../../federation/roles/client.js'
import { makeTrainer } from '../../federation/roles/job-model.js'
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

const options = {
  ...clientOptions,
  tokenFile: networkOptions.tokenFile,
  maxModelSize: networkOptions.maxModelSize,
  idleMs: networkOptions.idleMs,
  ...tlsOptions,
  clientMemoryGcRounds: memoryOptions.clientMemoryGcRounds,
  ...logOptions,
}

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
    await runRole({ role: 'client', name: settings.name }, settings, (role) => runClient(settings, makeTrainer, role))
    return 0
  },
}
