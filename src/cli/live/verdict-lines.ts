import { UNNAMED_ROLE } from '../../recording/processes/process-name.js'
import { printableLine } from '../../shared/printable.js'
import type { LiveState } from '../../verdict/live/live-state.js'

/**
 * Prints a line whenever a verdict changes, for `--quiet` and where there is no terminal.
 *
 * @returns a function that ends it
 */
export function verdictLines(state: LiveState, say: (line: string) => void): () => void {
  return state.subscribe((event) => {
    // The change to undecided is no news; it only means that a verdict is becoming possible.
    if (event.kind !== 'verdict' || event.verdict.state === 'undecided') return
    const { role, verdict } = event
    const of = role === UNNAMED_ROLE ? '' : `${printableLine(role)}: `
    say(`${of}${verdict.sentence}`)
  })
}
