/** A judged role, and which of its processes if several have it. */
export interface JudgedRole {
  role: string
  /**
   * `sum`: all processes that are alive in a round together. `largest`: the one with the highest
   * end RSS. A number: the one with this pid.
   */
  which: 'sum' | 'largest' | number
  /** False if `sum` is only the default. */
  isAsked: boolean
}

const WHICH = /^(.*):(sum|largest|\d+)$/

/**
 * Parses `--judge`: `server+superlink` judges the sum of both, `worker:largest` the largest process
 * of the role, `worker:4127` one of them.
 */
export function parseJudge(judge: string): JudgedRole[] {
  return judge.split('+').map((part) => {
    const [, role = part, which] = WHICH.exec(part) ?? []
    if (which === undefined) return { role: part, which: 'sum', isAsked: false }
    return { role, which: which === 'sum' || which === 'largest' ? which : Number(which), isAsked: true }
  })
}

/** Returns the names of the judged roles. */
export function judgedRoles(judge: string): string[] {
  return parseJudge(judge).map(({ role }) => role)
}
