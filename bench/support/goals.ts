/** What an issue of the project asks of a benchmark, beside what was measured. The program judges, and prints a miss like a hit. */
export class Goals {
  readonly #rows: string[] = []

  /** @param isMet null where the measurement leaves it open */
  add(goal: string, measured: string, isMet: boolean | null): void {
    const verdict = isMet === null ? 'open' : isMet ? 'met' : '**missed**'
    this.#rows.push(`| ${goal} | ${measured} | ${verdict} |`)
  }

  print(): void {
    console.log('\n| goal | measured | |\n| --- | --- | --- |')
    for (const row of this.#rows) console.log(row)
  }
}
