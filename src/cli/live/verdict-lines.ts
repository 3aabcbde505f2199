import { printableLine } from '../../shared/printable.js'
import type { LiveState } from '../../verdict/live/live-state.js'

/**
 * Says a line whenever a verdict changes: for `--quiet`, and where there is no terminal.
 *
 * @returns ends it
 */
export function verdictLines(state: LiveState, say: (line: string) => void): () => void {
  return state.subscribe((event) => {
    // That a verdict begins to be possible is no news.
    if (event.kind !== 'verdict' || event.verdict.state === 'undecided') return
    const { role, verdict } = event
    const of = role === 'process' ? '' : `${printableLine(role)}: `
    say(`${of}${verdict.sentence}`)
  })
}
