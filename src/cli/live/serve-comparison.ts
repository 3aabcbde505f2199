import type { CompareOptions } from '../../comparison/run/compare-options.js'
import { printableLine } from '../../shared/printable.js'
import { LiveState } from '../../verdict/live/live-state.js'
import { followRecorder } from './follow-recorder.js'
import { type ServeOptions, serveRecording } from './serve-recording.js'

/** Length of a window where no round is reported, as before the first one. */
const WINDOW_MS = 10_000

/** The page of a comparison, which shows the trial that is running. */
export interface ServedComparison extends AsyncDisposable {
  onRecorder: NonNullable<CompareOptions['onRecorder']>
}

/**
 * Opens the address of `--listen` before anything is started.
 *
 * @throws UsageError when it cannot be listened on, or a token is missing or weak
 */
export async function serveComparison(options: ServeOptions): Promise<ServedComparison | undefined> {
  let state = stateOf('compare')
  const served = await serveRecording(options, 'tidemark compare', state, (text) => process.stderr.write(`${text}\n`))
  return (
    served && {
      onRecorder: (recorder, { setting, trial }) => {
        const title = printableLine(`${setting}, trial ${trial}`)
        state.end(Date.now())
        state = stateOf(title)
        followRecorder(recorder, state)
        served.show(title, state, recorder)
      },
      [Symbol.asyncDispose]: () => {
        state.end(Date.now())
        return served.close()
      },
    }
  )
}

function stateOf(title: string): LiveState {
  return new LiveState({ command: [title], startedMs: Date.now(), limit: null, windowMs: WINDOW_MS })
}
