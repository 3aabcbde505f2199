import { jobOptions, type memoryOptions, type roundOptions, trainingOptions } from '../../options/federation.js'
import type { exposureOptions, networkOptions, tlsOptions } from '../../options/network.js'
import { serverOptions } from '../../options/roles.js'
import type { OptionSpec, OptionTable, OptionValues } from '../../options/types/spec.js'
import { TidemarkError } from '../../shared/errors.js'
import type { WeightsSource } from '../tensors/global-state.js'
import type { Weights } from '../tensors/weights.js'
import type { Trainer } from '../training/trainer.js'
import type { Place } from '../transport/messages.js'

/** The options that the server sends to its clients, so they are given once. */
export const sharedOptions = {
  algorithm: {
    ...serverOptions.algorithm,
    // The name only. The server's path is no path for a client to open.
    parse: (given: string) => (/^[\w.-]{1,64}$/.test(given) ? given : undefined),
    expected: 'the name of an algorithm',
  } as OptionSpec<string>,
  algorithmOptions: serverOptions.algorithmOptions,
  debug: serverOptions.debug,
  wireDtype: serverOptions.wireDtype,
  ...jobOptions,
  ...trainingOptions,
}

export type JobSettings = OptionValues<typeof sharedOptions>

export type ServerSettings = JobSettings &
  OptionValues<typeof roundOptions> &
  OptionValues<typeof networkOptions> &
  OptionValues<typeof serverOptions> &
  OptionValues<typeof exposureOptions> &
  OptionValues<typeof tlsOptions> &
  Pick<OptionValues<typeof memoryOptions>, 'serverMemoryGcRounds'>

/** The model of a job, as the server needs it. */
export interface ServerModel {
  initial: WeightsSource
  /**
   * Share of held-out examples that these weights classify correctly; absent where nothing is
   * trained.
   */
  accuracy?: (weights: Weights) => number
}

/** What trains at a client. */
export type LocalTrainer = Pick<Trainer, 'train' | 'isStateful' | 'reusesInput'>

export type MakeTrainer = (settings: JobSettings, place: Place) => Promise<LocalTrainer>

/** Returns the settings that clients receive. */
export function sharedSettings(settings: JobSettings): Record<string, string | number | boolean> {
  return Object.fromEntries(
    Object.entries<OptionSpec<unknown>>(sharedOptions).map(([key, { format }]) => {
      const value = settings[key as keyof JobSettings]
      return [key, (format?.(value) ?? value) as string | number | boolean]
    }),
  )
}

/** Checks the server's settings against the option table. Throws when they do not fit. */
export function parseSharedSettings(received: unknown): JobSettings {
  return parseReceived(sharedOptions, received) as JobSettings
}

/** Reads a value for each option of the table from another process's message. */
export function parseReceived(table: OptionTable, received: unknown): Record<string, unknown> {
  const values: Record<string, unknown> = typeof received === 'object' && received !== null ? { ...received } : {}
  for (const [key, spec] of Object.entries(table)) {
    const value = spec.parse(String(values[key]))
    if (value === undefined)
      throw new TidemarkError(
        `the server sent ${key} = ${String(values[key])} for the job, and ${spec.expected} was expected`,
        { fix: 'Run the same version of Tidemark on the server and its clients.' },
      )
    values[key] = value
  }
  return values
}
