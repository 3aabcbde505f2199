import { openRecordings } from '../../recording/formats/open-recording.js'
import { roundsToJudge } from '../../recording/formats/rounds-to-judge.js'
import { UNNAMED_ROLE } from '../../recording/processes/process-name.js'
import { shapeWord } from '../../report/prose/behaviour.js'
import { UsageError } from '../../shared/errors.js'
import { printableLine } from '../../shared/printable.js'
import type { LiveState } from '../../verdict/live/live-state.js'
import type { LiveVerdict } from '../../verdict/live/live-status.js'
import type { Analysis } from '../../verdict/shape/analysis.js'
import { analyzeRounds } from '../../verdict/shape/analyze-rounds.js'

/** The verdicts while the program ran, and that on its whole recording. */
export interface VerdictsAtEnd {
  live: { role: string; verdict: LiveVerdict }[]
  /** Verdict of `tidemark analyze`; null where there is too little to judge. */
  whole: { role: string | null; shape: Analysis['shape']; reason: string } | null
}

/**
 * Returns both verdicts.
 *
 * @returns undefined where there were too few rounds for either
 */
export function verdictsAtEnd(state: LiveState, folder: string): VerdictsAtEnd | undefined {
  const live = state
    .status()
    .roles.filter(({ verdict }) => verdict.state !== 'too few rounds')
    .map(({ role, verdict }) => ({ role, verdict }))
  if (live.length === 0) return undefined
  return { live, whole: wholeVerdict(folder) }
}

function wholeVerdict(folder: string): VerdictsAtEnd['whole'] {
  try {
    const [file] = openRecordings(folder)
    const { rounds, process, gcRounds, limitBytes, othersBytes, secondsPerRound, unit } = roundsToJudge(file!)
    const { shape, reason } = analyzeRounds(rounds, {
      gcRounds: gcRounds ?? undefined,
      limitBytes: limitBytes ?? undefined,
      othersBytes,
      secondsPerRound: secondsPerRound ?? undefined,
      isTime: unit === 'window',
    })
    return { role: process?.role ?? null, shape, reason }
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    return null // the end of a broken recording was reported before
  }
}

export function verdictsText({ live, whole }: VerdictsAtEnd): string {
  const of = (role: string | null) => (role === null || role === UNNAMED_ROLE ? '' : ` of ${printableLine(role)}`)
  return [
    ...live.map(({ role, verdict }) => `while it ran${of(role)}: ${verdict.sentence}`),
    ...(whole === null ? [] : [`on the whole${of(whole.role)}: ${shapeWord(whole.shape)}. ${whole.reason}`]),
  ].join('\n')
}
