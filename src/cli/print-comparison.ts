import type { FinishedComparison } from '../experiment/compare.js'

export interface ComparisonResult extends FinishedComparison {
  exitCode: number
}

export async function concludeComparison(finished: FinishedComparison): Promise<ComparisonResult> {
  return { ...finished, exitCode: 0 }
}

export function printComparison(result: ComparisonResult): void {
  process.stdout.write(`${result.folder}\n`)
}

export function printJson(results: readonly ComparisonResult[]): void {
  process.stdout.write(`${JSON.stringify(results.length === 1 ? results[0] : results, null, 2)}\n`)
}
