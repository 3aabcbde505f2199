/** Tidemark as a library. For cleanup inside a server of your own, see `tidemark/memory`. */

export { StoppedError, TargetError, TidemarkError, UsageError } from './errors.js'
export { type CompareOptions, type ComparisonEvent, compare, resumeComparison } from './experiment/compare.js'
export type { Comparison, TrialResult } from './experiment/comparison.js'
export {
  type CommandOptions,
  type ComparisonDefinition,
  command,
  defineComparison,
  type ExpectedShape,
  type FederationJob,
  federation,
  preset,
} from './experiment/definition.js'
export type { CleanupRecord, MemoryReading } from './marks.js'
export { type RecordedRun, type RecordOptions, record } from './recording/record.js'
export type { Recording, RoundRecord } from './recording/recording.js'
export type {
  Analysis,
  AnalyzeOptions,
  Interval,
  LimitForecast,
  PracticalFloor,
  Shape,
  SingleChange,
} from './verdict/analysis.js'
export { analyzeRounds } from './verdict/analyze-rounds.js'
export {
  type CompareSettingsOptions,
  compareSettings,
  type Difference,
} from './verdict/compare-settings.js'
export { adjustForSeveral } from './verdict/difference.js'
export type { RoundBytes, TrialRounds } from './verdict/round-series.js'
