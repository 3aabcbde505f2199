/**
 * Returns the known word that a mistyped one most likely means, or undefined: at most two edits,
 * and at most a third of the word's length. Edits as in Damerau (1964): a letter added, removed or
 * changed, or two neighbours swapped.
 */
export function closestWord(given: string, known: readonly string[]): string | undefined {
  const near = known
    .map((word) => ({ word, edits: editDistance(given.toLowerCase(), word.toLowerCase()) }))
    .filter(({ word, edits }) => edits <= Math.max(1, Math.min(2, Math.floor(word.length / 3))))
    .sort((a, b) => a.edits - b.edits)
  return near[0]?.word
}

/** Returns `Did you mean "rounds"?`, or the list of choices. */
export function suggestWord(given: string, known: readonly string[]): string {
  const closest = closestWord(given, known)
  return closest === undefined ? `Known: ${known.join(', ')}.` : `Did you mean "${closest}"?`
}

function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = rows[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swap = isSwap ? rows[i - 2]![j - 2]! + 1 : Number.POSITIVE_INFINITY
      row.push(Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, change, swap))
    }
    rows.push(row)
  }
  return rows[a.length]![b.length]!
}
