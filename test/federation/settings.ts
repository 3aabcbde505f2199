import type { ClientSettings } from '../../src/federation/client/client.js'
import type { ServerSettings } from '../../src/federation/process/job.js'
import { jobOptions, memoryOptions, roundOptions, trainingOptions } from '../../src/options/federation.js'
import { exposureOptions, networkOptions, tlsOptions } from '../../src/options/network.js'
import { clientOptions, serverOptions } from '../../src/options/roles.js'
import { defaultValues } from '../../src/options/types/spec.js'

/** Defaults, but for what the test is about. */
export function serverSettings(changes: Partial<ServerSettings> = {}): ServerSettings {
  const table = {
    ...jobOptions,
    ...trainingOptions,
    ...roundOptions,
    ...networkOptions,
    ...serverOptions,
    ...memoryOptions,
    ...tlsOptions,
    ...exposureOptions,
  }
  return { ...defaultValues(table), ...changes }
}

export function clientSettings(changes: Partial<ClientSettings> = {}): ClientSettings {
  return { ...defaultValues({ ...clientOptions, ...networkOptions, ...memoryOptions, ...tlsOptions }), ...changes }
}
