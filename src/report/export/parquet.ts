import { parquetWriteBuffer } from 'hyparquet-writer'
import type { Cell, ExportTable } from './tables.js'

/**
 * Returns a Parquet file with the same columns as the CSV. Values that were not measured are null.
 */
export function parquetOf({ columns, rows }: ExportTable): Uint8Array {
  const data: Cell[][] = columns.map(() => [])
  for (const row of rows()) for (const [i, value] of row.entries()) data[i]!.push(value)
  const columnData = columns.map(({ name, type }, i) => ({
    name,
    type,
    nullable: true,
    data:
      type === 'INT64'
        ? data[i]!.map((value) => (value === null ? null : BigInt(Math.round(Number(value)))))
        : data[i]!,
  }))
  return new Uint8Array(parquetWriteBuffer({ columnData, createdBy: 'tidemark' }))
}
