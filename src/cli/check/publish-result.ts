import { appendFileSync, writeFileSync } from 'node:fs'
import { gateOptions } from '../../options/gate.js'
import type { OptionValues } from '../../options/types/spec.js'
import { gateAnnotations } from '../../report/ci/gate-annotations.js'
import { gateJunit } from '../../report/ci/gate-junit.js'
import { gateMarkdown } from '../../report/ci/gate-markdown.js'
import type { GateResult } from '../../report/ci/gate-result.js'
import { gateAnswer, gateDetails } from '../../report/ci/gate-terminal.js'
import { printableLine } from '../../shared/printable.js'
import { shellWord } from '../../shared/text.js'
import { writeStyled } from '../output/terminal.js'
import { terminalStyle } from '../output/terminal-style.js'

/** Options of `tidemark check` that say against what it checks, and where the result goes. */
export type CheckOptions = OptionValues<typeof gateOptions> & { details: boolean; json: boolean }

/** Prints the answer, with `details` also every check in a sentence; then where the data are. */
export function printResult(result: GateResult, { details, against, baseline }: CheckOptions): void {
  const style = terminalStyle(process.stdout)
  const yardstick =
    against !== undefined
      ? ` --against ${shellWord(against)}`
      : baseline === gateOptions.baseline.default
        ? ''
        : ` --baseline ${shellWord(baseline)}`
  const lines = [
    ...gateAnswer(result, style),
    ...(details ? ['', ...gateDetails(result, style.hasColor), ''] : []),
    `  Data: ${printableLine(result.folder)}`,
    ...(details ? [] : [`  tidemark check ${shellWord(result.folder)}${yardstick} --details`]),
    '',
  ]
  writeStyled(process.stdout, lines.join('\n'))
}

/**
 * Most bytes of a summary. GitHub takes at most 1 MiB per step, and rejects a larger one entirely.
 */
const MOST_SUMMARY_BYTES = 1_000_000

/**
 * Writes the results of all comparisons as JSON and into the files of CI. Annotations go to
 * standard error, which GitHub reads as well, since standard output may hold JSON.
 */
export function publishResults(results: readonly GateResult[], options: CheckOptions): void {
  if (options.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`)
  if (options.junit !== undefined) writeFileSync(options.junit, gateJunit(results))
  if (options.markdown !== undefined) writeFileSync(options.markdown, gateMarkdown(results))
  const { GITHUB_ACTIONS, GITHUB_STEP_SUMMARY } = process.env
  if (options.github || GITHUB_ACTIONS === 'true')
    for (const line of results.flatMap(gateAnnotations)) process.stderr.write(`${line}\n`)
  if (GITHUB_STEP_SUMMARY) appendFileSync(GITHUB_STEP_SUMMARY, gateMarkdown(results).slice(0, MOST_SUMMARY_BYTES))
}
