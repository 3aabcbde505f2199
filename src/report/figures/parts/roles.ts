import type { ReportData } from '../../html/report-data.js'
import type { Ink } from './figure.js'
import type { LegendEntry } from './legend.js'

/** A process by name, with its colour. The judged one comes first and has the strongest ink. */
export interface NamedRole {
  name: string
  color: string
  isJudged: boolean
}

/**
 * Returns the processes that the trials hold. A colour stays with its name when others are switched
 * off.
 */
export function rolesOf(data: ReportData, ink: Ink): NamedRole[] {
  const judged = new Map<string, boolean>()
  for (const trial of data.trials) {
    for (const { name, role } of trial.processes) judged.set(name, role === data.judge)
  }
  return data.names
    .map((name, i) => ({ name, color: ink.roles[i % ink.roles.length]!, isJudged: judged.get(name) === true }))
    .filter(({ name }) => judged.has(name))
}

/**
 * Returns entries of the legend. With very many processes these are the first ones and the number
 * of the others.
 */
export function roleEntries(roles: readonly NamedRole[], ink: Ink): LegendEntry[] {
  const shown = roles.slice(0, 8)
  const entries: LegendEntry[] = shown.map(({ name, color, isJudged }) => ({
    label: name,
    color,
    symbol: isJudged ? 'line' : 'thin',
  }))
  if (roles.length > shown.length) {
    entries.push({ label: `and ${roles.length - shown.length} more`, color: ink.faint, symbol: 'thin' })
  }
  return entries
}
