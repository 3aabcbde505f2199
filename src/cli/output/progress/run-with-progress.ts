import type { CompareOptions, FinishedComparison } from '../../../comparison/run/compare-options.js'
import { StoppedError } from '../../../shared/errors.js'
import type { Run } from '../../comparison-runs.js'
import { hearSignals, stopOnSignal } from '../../stop-on-signal.js'
import { comparisonProgress, type ProgressOptions } from './comparison-progress.js'
import { liveReport } from './live-report.js'

export interface WatchedComparison extends FinishedComparison {
  /** Error of the signal that ended it, if any. */
  stopped: StoppedError | undefined
}

export interface WatchOptions {
  onRecorder?: CompareOptions['onRecorder']
  /** Place among the comparisons that run one after the other. */
  ofSeveral?: ProgressOptions['ofSeveral']
  /** Whether report.html is written after every trial. */
  hasReport?: boolean
}

/**
 * Runs a comparison and shows its progress on standard error. The first signal ends it and keeps
 * the measurements.
 */
export async function runWithProgress(
  run: Run,
  { onRecorder, ofSeveral, hasReport = false }: WatchOptions = {},
): Promise<WatchedComparison> {
  const { line, report } = comparisonProgress(process.stderr, { ofSeveral })
  const live = hasReport ? liveReport() : undefined
  let folder = ''
  const onProgress: CompareOptions['onProgress'] = (event) => {
    if (event.kind === 'started') folder = event.folder
    if (event.kind === 'trial-ended') live?.update(folder)
    report(event)
  }
  using stop = stopOnSignal(() => line.print('stopping: ending what runs; once more ends it at once'))
  const finished = await run({ signal: stop.signal, onProgress, onRecorder }).finally(async () => {
    line.clear()
    await live?.close()
  })
  await hearSignals()
  const { reason } = stop.signal
  return { ...finished, stopped: reason instanceof StoppedError ? reason : undefined }
}
