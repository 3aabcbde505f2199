import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { planComparison } from '../../src/comparison/plan/plan.js'
import { saveComparison, savePlan } from '../../src/comparison/run/comparison-folder.js'
import type { Comparison } from '../../src/results/comparison.js'
import { writeExampleRecording } from '../recording/example-recording.js'
import { type ExampleOptions, exampleComparison } from './example-comparison.js'

/** The folder of an invented comparison, with the recording of its first trial. */
export function writeExampleComparison(
  folder: string,
  options: ExampleOptions = {},
  changes: Partial<Comparison> = {},
): Comparison {
  const { comparison } = exampleComparison(options)
  const written = { ...comparison, ...changes }
  mkdirSync(join(folder, 'trials'), { recursive: true })
  const values = (axis: string) => [...new Set(written.settings.flatMap((one) => one.values[axis] ?? []))]
  const plan = planComparison(
    {
      name: written.name,
      workload: { kind: 'federation', job: { algorithm: 'fedavg', trainer: 'echo', modelSize: '1MB', rounds: 4 } },
      settings: { serverMemoryGcRounds: values('serverMemoryGcRounds'), arenaMax: values('arenaMax') },
      trials: written.trialsPerSetting,
    },
    'the example',
  )
  savePlan(folder, plan)
  saveComparison(folder, written)
  const [first] = written.trials
  if (first !== undefined) writeExampleRecording(join(folder, first.folder))
  return written
}
