import { aggregationCompared } from '../../options/comparison.js'
import { jobOptions, memoryOptions, roundOptions, trainingOptions } from '../../options/federation.js'
import { jobAlgorithm, serverOptions, swarmOptions } from '../../options/roles.js'
import { formatOption, type OptionSpec } from '../../options/types/spec.js'

const { seed: _, ...jobWithoutSeed } = jobOptions

/** Makes an option whose value is its text: a plan stores only texts and numbers. */
function asText<T>(spec: OptionSpec<T>): OptionSpec<string> {
  const { defaultWith: _default, ...others } = spec
  const format = (value: unknown) => (typeof value === 'string' ? value : formatOption(spec, value))
  return {
    ...others,
    default: formatOption(spec, spec.default),
    format,
    parse: (given) => (spec.parse(given) === undefined ? undefined : given),
  }
}

/** Options of a job of our own runtime. The seed belongs to the comparison. */
export const federationOptions = {
  algorithm: jobAlgorithm,
  algorithmOptions: asText(serverOptions.algorithmOptions),
  aggregation: aggregationCompared,
  ...jobWithoutSeed,
  ...trainingOptions,
  ...roundOptions,
  ...swarmOptions,
  ...memoryOptions,
}
