import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readComparison } from '../../comparison/run/comparison-folder.js'
import type { Recording } from '../../recording/recording.js'
import { readRecording } from '../../recording/storage/read-recording.js'
import type { Comparison, TrialResult } from '../../results/comparison.js'
import type { Setting } from '../../results/setting.js'

/**
 * The source of an export: a single recording, or a comparison with the recordings of its trials.
 */
export interface ExportSource {
  folder: string
  comparison: Comparison | undefined
  trials: ExportedTrial[]
}

export interface ExportedTrial {
  /** Result of the trial; undefined for a single recording. */
  result: TrialResult | undefined
  /** Values of the setting, by axis. */
  values: Setting['values']
  /**
   * Reads the recording on each call, so that only one is held at a time.
   *
   * @throws UsageError when it cannot be read
   */
  recording(): Recording
}

/**
 * Returns the comparison or the recording in a folder.
 *
 * @throws UsageError when the folder holds neither
 */
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

/**
 * Returns the round records. Those of a comparison are stored in it, so they survive a lost
 * recording.
 */
export function roundsOf(trial: ExportedTrial): Recording['rounds'] {
  return trial.result?.rounds ?? trial.recording().rounds
}
