import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readComparison } from '../../comparison/run/comparison-folder.js'
import type { Recording } from '../../recording/recording.js'
import { readRecording } from '../../recording/storage/read-recording.js'
import type { Comparison, TrialResult } from '../../results/comparison.js'
import type { Setting } from '../../results/setting.js'

/** What is exported: a recording by itself, or a comparison with the recordings of its trials. */
export interface ExportSource {
  folder: string
  comparison: Comparison | undefined
  trials: ExportedTrial[]
}

export interface ExportedTrial {
  /** Undefined of a recording by itself. */
  result: TrialResult | undefined
  /** Of the setting, by axis. */
  values: Setting['values']
  /** Read when it is called, so that one recording is held at a time. @throws UsageError when it cannot be read */
  recording(): Recording
}

/** @throws UsageError when the folder holds neither */
export function exportSource(folder: string): ExportSource {
  if (!existsSync(join(folder, 'comparison.json'))) {
    const recording = readRecording(folder)
    const trial = { result: undefined, values: recording.head.setting, recording: () => recording }
    return { folder, comparison: undefined, trials: [trial] }
  }
  const comparison = readComparison(folder)
  const valuesOf = new Map(comparison.settings.map(({ label, values }) => [label, values]))
  return {
    folder,
    comparison,
    trials: comparison.trials.map((result) => ({
      result,
      values: valuesOf.get(result.setting) ?? {},
      recording: () => readRecording(join(folder, result.folder)),
    })),
  }
}

/** Round records: those of a comparison stand in it, also where a recording is lost. */
export function roundsOf(trial: ExportedTrial): Recording['rounds'] {
  return trial.result?.rounds ?? trial.recording().rounds
}
