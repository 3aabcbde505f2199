import type { RecordingFile } from '../recording/formats/open-recording.js'
import { recordingPeaks } from '../recording/formats/peaks.js'
import { fixOfNoReading, roundsToJudge } from '../recording/formats/rounds-to-judge.js'
import { shapeWord } from '../report/prose/behaviour.js'
import { UsageError } from '../shared/errors.js'
import { formatBytes, parseBytes, parseDurationMs } from '../shared/units.js'
import { analyzeRounds } from '../verdict/shape/analyze-rounds.js'

/** Result of an expectation; `holds` is null where it cannot be decided. */
export interface Verdict {
  holds: boolean | null
  /** Sentence that describes what was seen, whichever way it went. */
  sentence: string
}

export function staysBelow(file: RecordingFile, limit: string): Verdict {
  const limitBytes = parseBytes(limit)
  if (limitBytes === undefined)
    throw new UsageError(`toStayBelow: found "${limit}", expected a size such as "2 GiB" or "500MB"`)
  const { highest, processes } = recordingPeaks(file)
  const peaks = [
    ...(highest === null ? [] : [{ whose: 'all processes together', bytes: highest.rssBytes, how: 'highest sample' }]),
    ...processes.flatMap(({ name, pid, peakBytes, peakKind }) =>
      peakBytes === null
        ? []
        : [{ whose: `${name} (pid ${pid})`, bytes: peakBytes, how: peakKind === 'exact' ? 'exact' : 'highest sample' }],
    ),
  ]
  const [top] = peaks.sort((a, b) => b.bytes - a.bytes)
  if (top === undefined) throw new UsageError(`${file.path} holds no reading of memory`, { fix: fixOfNoReading(file) })
  return {
    holds: top.bytes < limitBytes,
    sentence: `${file.path}: peak of ${formatBytes(top.bytes)} (${top.whose}, ${top.how}), limit ${formatBytes(limitBytes)}`,
  }
}

export function growsLessThan(file: RecordingFile, rate: string): Verdict {
  const { bytes, per } = rateOf(rate)
  const source = roundsToJudge(file)
  const analysis = analyzeRounds(source.rounds, { gcRounds: source.gcRounds ?? undefined })
  const scale = scaleOf(file, source, per)
  const slope = analysis.slopeBytesPerRound
  const limit = `limit ${formatBytes(bytes)}/${per}`
  if (slope === null)
    return { holds: null, sentence: `${file.path}: its growth is unknown. ${analysis.reason} (${limit})` }
  const { estimate, low, high } = slope
  const size = (value: number) => formatBytes(value * scale)
  const seen = `${file.path}: grows by ${size(estimate)}/${per}, 95 % interval ${size(low)} to ${size(high)}, ${limit}`
  if (high * scale < bytes) return { holds: true, sentence: seen }
  if (low * scale >= bytes) return { holds: false, sentence: seen }
  return { holds: null, sentence: `${seen}. That CANNOT BE DECIDED yet: it takes more rounds than ${analysis.rounds}` }
}

/** Returns the factor from growth per round to growth per unit of time. */
function scaleOf(
  file: RecordingFile,
  { unit, secondsPerRound }: ReturnType<typeof roundsToJudge>,
  per: string,
): number {
  if (per === 'round') {
    if (unit === 'round') return 1
    throw new UsageError(`toGrowLessThan: ${file.path} has no rounds, so there is no growth a round`, {
      fix: 'Say it by time, "50 MiB/h", or record with rounds.',
    })
  }
  if (secondsPerRound === null)
    throw new UsageError(`toGrowLessThan: ${file.path} has no times, so there is no growth by time`, {
      fix: 'Say it by round: "5 MiB/round".',
    })
  return parseDurationMs(`1${per}`)! / 1000 / secondsPerRound
}

function rateOf(rate: string): { bytes: number; per: string } {
  const [, size = '', per = ''] = /^(.+?)\s*\/\s*(round|s|min|h|d)$/.exec(rate) ?? []
  const bytes = parseBytes(size)
  if (bytes !== undefined) return { bytes, per }
  throw new UsageError(
    `toGrowLessThan: found "${rate}", expected a size a round or a unit of time: "5 MiB/round", "100 MiB/h"`,
  )
}

export function settles(file: RecordingFile): Verdict {
  const source = roundsToJudge(file)
  const { shape, floorShape, reason } = analyzeRounds(source.rounds, { gcRounds: source.gcRounds ?? undefined })
  const sentence = `${file.path}: ${shapeWord(shape)}. ${reason}`
  if (shape === 'inconclusive' || floorShape === 'inconclusive') return { holds: null, sentence }
  const isLevel = ['stable', 'settling', 'spike'].includes(shape) || (shape === 'sawtooth' && floorShape !== 'grows')
  return { holds: isLevel, sentence }
}
