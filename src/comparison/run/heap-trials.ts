import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { readHeapDiff } from '../../recording/heap/heap-diff.js'
import type { HeapDiffOptions } from '../../recording/heap/heap-order.js'
import { readOutline } from '../../recording/storage/read-recording.js'
import { replaceFile } from '../../shared/atomic-write.js'
import { planComparison } from '../plan/plan.js'
import { runTrial } from '../trial/trial.js'
import { workloadOf } from '../workloads/workload-of.js'
import type { FinishedComparison } from './compare-options.js'
import { readPlan } from './comparison-folder.js'
import { HEAP_TRIALS_FILE, type HeapTrial } from './heap-trials-file.js'
import { folderName, whileThere } from './trial-runner.js'

/**
 * Runs an additional trial of each setting of a completed comparison with its heap measured. These
 * trials are kept apart, because the measurement changes memory and times.
 */
export async function runHeapTrials(
  { folder, comparison }: FinishedComparison,
  heapDiff: HeapDiffOptions,
  { signal, onNote }: { signal: AbortSignal; onNote(note: string): void },
): Promise<HeapTrial[]> {
  const plan = planComparison(readPlan(folder), join(folder, 'plan.json'))
  const workload = workloadOf(plan)
  const trials: HeapTrial[] = []
  for (const [place, setting] of comparison.settings.entries()) {
    if (signal.aborted) break
    const own = join('heap-trials', folderName(place + 1, setting.label))
    onNote(`measuring the heap of ${setting.label}, in a trial of its own`)
    const { result } = await whileThere(folder, async () => {
      mkdirSync(join(folder, own), { recursive: true })
      return runTrial({
        trial: { index: place + 1, setting: setting.label, trial: 1 },
        setting,
        plan,
        workload,
        machine: comparison.machine,
        comparisonFolder: folder,
        folder: own,
        heapDiff,
        signal,
        onProgress: () => {},
        onNote,
      })
    })
    if (result.state !== 'completed') onNote(`${setting.label}: ${result.reason ?? 'the trial was stopped'}`)
    const { head, rounds } = readOutline(join(folder, own))
    const onTrialNote = (note: string) => onNote(`${setting.label}: ${note}`)
    const processes = await readHeapDiff(join(folder, own), heapDiff, {
      processes: head.processes,
      rounds,
      onNote: onTrialNote,
    })
    trials.push({ setting: setting.label, folder: own, processes })
  }
  replaceFile(join(folder, HEAP_TRIALS_FILE), `${JSON.stringify(trials, null, 1)}\n`)
  return trials
}
