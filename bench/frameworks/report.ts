import type { Family } from './families.js'

export function frameworksReport(
  _known: readonly Family[],
  _options: { work: string; tidemark: readonly string[]; isDone(part: string): boolean },
): { text: string; figures: { from: string; name: string }[] } {
  return { text: '', figures: [] }
}
