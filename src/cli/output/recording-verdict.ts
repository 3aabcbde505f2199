import { openRecordings } from '../../recording/formats/open-recording.js'
import { roundsToJudge } from '../../recording/formats/rounds-to-judge.js'
import { UNNAMED_ROLE } from '../../recording/processes/process-name.js'
import { doesSentence, lengthWords } from '../../report/prose/analysis-sentences.js'
import { sizeRange } from '../../report/prose/short-size.js'
import { type TerminalStyle, wrapWords } from '../../report/terminal/layout.js'
import { sparkline, sparkRange } from '../../report/terminal/sparkline.js'
import { UsageError } from '../../shared/errors.js'
import { printableLine } from '../../shared/printable.js'
import { analyzeRounds } from '../../verdict/shape/analyze-rounds.js'

const MOST_COLUMNS = 60

/**
 * Returns the verdict on a recording in one sentence, and a line that draws its memory over its
 * rounds, or over time where it has none.
 *
 * @returns no line where there is too little to draw
 */
export function recordingVerdict(folder: string, style: TerminalStyle): string[] {
  const source = sourceOf(folder)
  const bytes = source?.rounds.flatMap((round) => round.bytes ?? []) ?? []
  const range = sparkRange([bytes])
  if (source === undefined || range === undefined || bytes.length < 3) return []
  const { process, gcRounds, limitBytes, othersBytes, secondsPerRound, unit } = source
  const analysis = analyzeRounds(source.rounds, {
    gcRounds: gcRounds ?? undefined,
    limitBytes: limitBytes ?? undefined,
    othersBytes,
    secondsPerRound: secondsPerRound ?? undefined,
    isTime: unit === 'window',
  })
  const judged = { analysis, bytes, unit, secondsPerRound }
  const name =
    process === null ? '' : ` of ${printableLine(process.role === UNNAMED_ROLE ? process.name : process.role)}`
  const columns = Math.max(8, Math.min(MOST_COLUMNS, style.width - 40))
  return [
    ...wrapWords(`memory${name} ${doesSentence(judged)}`, style.width),
    `${sparkline(bytes, { range, columns, isPlain: style.isPlain })}  ${sizeRange(Math.min(...bytes), Math.max(...bytes))}, ${lengthWords(judged)}`,
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
