import { type ReportView, viewOf } from '../../src/report/view.js'
import { type ExampleOptions, exampleComparison } from './example-comparison.js'

/** The invented comparison as a report sees it. */
export function exampleView(options: ExampleOptions = {}): ReportView {
  const { comparison, recordingOf } = exampleComparison(options)
  return viewOf(comparison, recordingOf)
}
