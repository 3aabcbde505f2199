import { printableLine } from '../../shared/printable.js'
import type { LiveState } from '../../verdict/live/live-state.js'

/** Says a line whenever a verdict changes: for `--quiet`, and where there is no terminal. */
export function verdictLines(state: LiveState, say: (line: string) => void): void {
  state.subscribe((event) => {
    if (event.kind !== 'verdict') return
    const { role, verdict } = event
    const of = role === 'process' ? '' : `${printableLine(role)}: `
    say(`${of}${verdict.sentence}`)
  })
}
