import { openRecordings } from '../../recording/formats/open-recording.js'
import { roundsToJudge } from '../../recording/formats/rounds-to-judge.js'
import { sizeRange } from '../../report/prose/short-size.js'
import { cutColumns, type TerminalStyle } from '../../report/terminal/layout.js'
import { sparkline, sparkRange } from '../../report/terminal/sparkline.js'
import { UsageError } from '../../shared/errors.js'
import { printableLine } from '../../shared/printable.js'
import { formatDuration } from '../../shared/units.js'
import { analyzeRounds } from '../../verdict/shape/analyze-rounds.js'

const MOST_COLUMNS = 60

/**
 * Returns the verdict on a recording in one line, and a line that draws its memory over its rounds,
 * or over time where it has none.
 *
 * @returns no line where there is too little to draw
 */
export function recordingVerdict(folder: string, style: TerminalStyle): string[] {
  const source = sourceOf(folder)
  const bytes = source?.rounds.flatMap((round) => round.bytes ?? []) ?? []
  const range = sparkRange([bytes])
  if (source === undefined || range === undefined || bytes.length < 3) return []
  const { process, gcRounds, limitBytes, secondsPerRound, unit } = source
  const analysis = analyzeRounds(source.rounds, {
    gcRounds: gcRounds ?? undefined,
    limitBytes: limitBytes ?? undefined,
    secondsPerRound: secondsPerRound ?? undefined,
    isTime: unit === 'window',
  })
  const name = process === null ? '' : `${printableLine(process.role === 'process' ? process.name : process.role)}: `
  const isWindow = unit === 'window' && secondsPerRound !== null
  const over = isWindow
    ? `${bytes.length} windows of ${formatDuration(secondsPerRound * 1000)}`
    : `${bytes.length} rounds`
  const columns = Math.max(8, Math.min(MOST_COLUMNS, style.width - 40))
  // The first sentence has the numbers; tidemark analyze prints the others.
  const reason = (/^.*?[a-z)\]%B]\.(?= |$)/.exec(analysis.reason)?.[0] ?? analysis.reason).replaceAll(
    '95 % interval ',
    '95 %: ',
  )
  return [
    cutColumns(
      `${name}${isWindow ? reason.replaceAll(' a round', ' a window') : reason}`,
      style.width - 10,
      style.isPlain,
    ),
    `${sparkline(bytes, { range, columns, isPlain: style.isPlain })}  ${sizeRange(Math.min(...bytes), Math.max(...bytes))}, ${over}`,
  ]
}

/**
 * Reads a recording to judge; undefined where that is not possible, which is reported elsewhere.
 */
function sourceOf(folder: string) {
  try {
    const [file] = openRecordings(folder)
    return file === undefined ? undefined : roundsToJudge(file)
  } catch (error) {
    if (error instanceof UsageError) return undefined
    throw error
  }
}
