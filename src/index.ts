/** Tidemark as a library. For cleanup inside a server of your own, see `tidemark/memory`. */

export {
  type CommandOptions,
  type ComparisonDefinition,
  command,
  defineComparison,
  type ExpectedShape,
  type FederationJob,
  federation,
  preset,
} from './comparison/definition/definition.js'
export type { CompareOptions, ComparisonEvent } from './comparison/run/compare-options.js'
export { compare, resumeComparison } from './comparison/run/run-comparison.js'
export { type RecordedRun, type RecordOptions, record } from './recording/record.js'
export type { Recording, RoundRecord } from './recording/recording.js'
export type { Comparison, TrialResult } from './results/comparison.js'
export type { Amount, Tolerance } from './results/tolerance.js'
export { StoppedError, TargetError, TidemarkError, UsageError } from './shared/errors.js'
export type { CleanupRecord, MemoryReading } from './shared/marks.js'
export {
  type CompareSettingsOptions,
  compareSettings,
  type Difference,
} from './verdict/difference/compare-settings.js'
export { adjustForSeveral } from './verdict/difference/difference.js'
export type { RoundBytes, TrialRounds } from './verdict/series/round-series.js'
export type {
  Analysis,
  AnalyzeOptions,
  Interval,
  LimitForecast,
  Shape,
  SingleChange,
} from './verdict/shape/analysis.js'
export { analyzeRounds } from './verdict/shape/analyze-rounds.js'
