import type { CompareOptions, FinishedComparison } from '../../comparison/run/run-comparison.js'
import { StoppedError } from '../../shared/errors.js'
import type { Run } from '../comparison-runs.js'
import { hearSignals, stopOnSignal } from '../stop-on-signal.js'
import { comparisonProgress } from './comparison-progress.js'

export interface WatchedComparison extends FinishedComparison {
  /** Set when a signal ended it. */
  stopped: StoppedError | undefined
}

/** Runs a comparison with its progress on standard error. The first signal ends it and keeps what was measured. */
export async function runWithProgress(run: Run, onRecorder?: CompareOptions['onRecorder']): Promise<WatchedComparison> {
  const { line, report } = comparisonProgress(process.stderr)
  using stop = stopOnSignal(() => line.print('stopping: ending what runs; once more ends it at once'))
  const finished = await run({ signal: stop.signal, onProgress: report, onRecorder }).finally(line.clear)
  await hearSignals()
  const { reason } = stop.signal
  return { ...finished, stopped: reason instanceof StoppedError ? reason : undefined }
}
