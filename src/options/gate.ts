import { buildOptions } from './refs.js'
import { bytesOrShare, flag, growth, text } from './types/option-types.js'

/** What `tidemark check` compares a comparison with, and where it reports the result. */
export const gateOptions = {
  against: text({
    flag: 'against',
    placeholder: 'REF',
    default: undefined,
    help: 'Compare with this git ref instead of a stored baseline: both versions are measured now, trial by trial in turn. Starts with four trials of each and adds more until the result is clear, up to --trials.',
  }),
  ...buildOptions,
  baseline: text({
    flag: 'baseline',
    placeholder: 'FILE',
    default: 'tidemark-baseline.json',
    help: 'File of the stored baseline. Keep it under version control.',
  }),
  updateBaseline: flag({
    flag: 'update-baseline',
    help: 'Store the result as the baseline of this comparison and type of machine.',
  }),
  allowPeak: bytesOrShare({
    flag: 'allow-peak',
    default: { share: 0.03 },
    defaultText: '3%',
    help: "Allowed rise of a setting's highest peak.",
  }),
  allowFloor: bytesOrShare({
    flag: 'allow-floor',
    default: { share: 0.03 },
    defaultText: '3%',
    help: 'Allowed rise of its floor, the lowest end RSS.',
  }),
  allowSlope: growth({
    flag: 'allow-slope',
    default: { share: 0.0005 },
    defaultText: '0.05% of the floor',
    help: 'Allowed rise of its growth per round, over the second half of the rounds.',
  }),
  anyMachine: flag({
    flag: 'any-machine',
    help: 'Accept a baseline from another type of machine. The result then has a note.',
  }),
  junit: text({
    flag: 'junit',
    placeholder: 'FILE',
    default: undefined,
    help: 'Write the result as JUnit XML.',
  }),
  markdown: text({
    flag: 'markdown',
    placeholder: 'FILE',
    default: undefined,
    help: 'Write the result as Markdown.',
  }),
  github: flag({
    flag: 'github',
    help: 'Print annotations for GitHub Actions. On by default if GITHUB_ACTIONS is true. A step summary is written if GITHUB_STEP_SUMMARY is set.',
  }),
}
