import type { ReportData, ReportRound } from '../html/report-data.js'

/** A round of the judged role, with the trial it belongs to. */
export interface JudgedRound {
  setting: string
  trial: number
  /** Name of the process; several of a trial may have the judged role. */
  name: string
  /**
   * Whether the trial completed. Only completed trials go into medians; rounds of the others are
   * drawn all the same.
   */
  isCompleted: boolean
  round: ReportRound
}

/**
 * Returns rounds in the order of the trials. Where several processes have the judged role, each has
 * its own line.
 */
export function judgedRounds(data: ReportData): JudgedRound[] {
  return data.trials.flatMap(({ setting, trial, state, processes }) =>
    processes
      .filter((process) => process.role === data.judge)
      .flatMap((process) =>
        process.rounds.map((round) => ({
          setting,
          trial,
          name: process.name,
          isCompleted: state === 'completed',
          round,
        })),
      ),
  )
}

export function lastRound(data: ReportData): number {
  return Math.max(1, ...judgedRounds(data).map(({ round }) => round.round))
}

/**
 * Returns a key that separates the line of one process of one trial from the others of its setting.
 */
export function lineOf({ trial, name }: JudgedRound): string {
  return `${trial} ${name}`
}
