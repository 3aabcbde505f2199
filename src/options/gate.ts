import { buildOptions } from './refs.js'
import { bytesOrShare, flag, growth, text } from './types/option-types.js'

/** What `tidemark check` compares a comparison with, and where it reports the result. */
export const gateOptions = {
  against: text({
    flag: 'against',
    placeholder: 'REF',
    default: undefined,
    help: 'Measure this git ref beside the checkout, in turn, in place of a stored baseline. Trials are added from four a side until it is clear, up to --trials.',
  }),
  ...buildOptions,
  baseline: text({
    flag: 'baseline',
    placeholder: 'FILE',
    default: 'tidemark-baseline.json',
    help: 'The stored baseline, which belongs under version control.',
  }),
  updateBaseline: flag({
    flag: 'update-baseline',
    help: 'Store what was measured as the baseline, in place of the one of this comparison and type of machine.',
  }),
  allowPeak: bytesOrShare({
    flag: 'allow-peak',
    default: { share: 0.03 },
    defaultText: '3%',
    help: 'How much the highest peak of a setting may rise.',
  }),
  allowFloor: bytesOrShare({
    flag: 'allow-floor',
    default: { share: 0.03 },
    defaultText: '3%',
    help: 'How much its floor may rise.',
  }),
  allowSlope: growth({
    flag: 'allow-slope',
    default: { share: 0.0005 },
    defaultText: '0.05% of the floor',
    help: 'How much its growth a round, over the second half of the rounds, may rise.',
  }),
  anyMachine: flag({
    flag: 'any-machine',
    help: 'Also compare with a baseline of another type of machine; the result then has a note.',
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
    help: 'Print annotations for GitHub Actions. On where GITHUB_ACTIONS is true; a step summary is written where GITHUB_STEP_SUMMARY is set.',
  }),
}
