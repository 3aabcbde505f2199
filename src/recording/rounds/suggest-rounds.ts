import { RoundLog } from './log/round-log.js'
import { roundPattern } from './log/round-log-patterns.js'
import { ROUND_PRESETS } from './log/round-log-presets.js'

/** Words for a round in front of its number. */
const ROUND_LINE =
  /\b(?:(?:global|server|communication|training|federated)[ _-])?(?:round|epoch|iteration|iter|step)\b[^\d\n]{0,12}\d+/i

/**
 * Suggests a value for `--rounds` from the lines of a log in which the requested pattern does not
 * occur: a preset that finds rounds in order, else a pattern from lines that name rounds of
 * different numbers. Returns undefined if no line looks like one.
 */
export function suggestRounds(lines: readonly string[]): string | undefined {
  const counts = ROUND_PRESETS.map((preset) => ({ preset, rounds: roundsFound(preset, lines) }))
  const best = counts.sort((a, b) => b.rounds - a.rounds)[0]
  if (best !== undefined && best.rounds > 0) return best.preset
  const numbers = new Map<string, Set<string>>()
  for (const line of lines) {
    const [found] = ROUND_LINE.exec(line) ?? []
    const [, words, number] = /^(.*?)(\d+)$/s.exec(found ?? '') ?? []
    if (words === undefined || number === undefined) continue
    numbers.set(words, (numbers.get(words) ?? new Set()).add(number))
  }
  const [most] = [...numbers].sort(([, a], [, b]) => b.size - a.size)
  return most === undefined ? undefined : `${most[0].replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')}(\\d+)`
}

function roundsFound(preset: string, lines: readonly string[]): number {
  const events = new RoundLog(roundPattern(preset)).write(`${lines.join('\n')}\n`, 0)
  return events.filter(({ kind }) => kind === 'round-start').length
}
