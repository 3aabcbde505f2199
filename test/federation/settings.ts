import type { ClientSettings } from '../../src/federation/client/client.js'
import type { ServerSettings } from '../../src/federation/process/job.js'
import {
  clientOptions,
  exposureOptions,
  jobOptions,
  memoryOptions,
  networkOptions,
  roundOptions,
  serverOptions,
  tlsOptions,
  trainingOptions,
} from '../../src/options/all.js'
import { defaultValues } from '../../src/options/spec.js'

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
