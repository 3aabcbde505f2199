import type { ReportData, ReportRound } from '../html/report-data.js'

/** A round of the judged role, with the trial that it belongs to. */
export interface JudgedRound {
  setting: string
  trial: number
  /** Of the process; several of a trial may have the judged role. */
  name: string
  /** Only completed trials go into medians; the rounds of the others are drawn all the same. */
  isCompleted: boolean
  round: ReportRound
}

/** In the order of the trials; where several processes have the judged role, each of them is a line of its own. */
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

/** What tells the line of one process of one trial from the others of its setting. */
export function lineOf({ trial, name }: JudgedRound): string {
  return `${trial} ${name}`
}
