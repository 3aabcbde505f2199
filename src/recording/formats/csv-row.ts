/**
 * The cells of one line of CSV (RFC 4180): a cell may stand in double quotes, in which a doubled quote is one. Cells are
 * trimmed outside of quotes. Undefined when a quote is not closed; cells that run over several lines are not read.
 */
export function csvCells(line: string, delimiter: string): string[] | undefined {
  if (!line.includes('"')) return line.split(delimiter).map((cell) => cell.trim())
  const cells: string[] = []
  for (let at = 0; at <= line.length; ) {
    const end = endOfCell(line, at, delimiter)
    if (end === undefined) return undefined
    const cell = line.slice(at, end).trim()
    cells.push(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell)
    at = end + 1
  }
  return cells
}

/** Where the delimiter behind the cell stands, or the line ends. */
function endOfCell(line: string, from: number, delimiter: string): number | undefined {
  const isQuoted = /^\s*"/.test(line.slice(from))
  if (!isQuoted) {
    const end = line.indexOf(delimiter, from)
    return end < 0 ? line.length : end
  }
  const close = /^\s*"(?:[^"]|"")*"\s*/.exec(line.slice(from))
  if (close === null) return undefined
  const end = from + close[0].length
  return end === line.length || line[end] === delimiter ? end : undefined
}
