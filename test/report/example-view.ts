import { type ReportModel, reportModel } from '../../src/report/html/report-model.js'
import { type ExampleOptions, exampleComparison } from './example-comparison.js'

/** The invented comparison as a report sees it. */
export function exampleView(options: ExampleOptions = {}): ReportModel {
  const { comparison, recordingOf } = exampleComparison(options)
  return reportModel(comparison, recordingOf)
}
