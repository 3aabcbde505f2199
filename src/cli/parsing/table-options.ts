import type { tableOptions } from '../../options/report.js'
import type { OptionValues } from '../../options/types/spec.js'
import { bytesPerAskedUnit } from '../../recording/formats/table/cells.js'
import type { TableOptions } from '../../recording/formats/table/table-options.js'

/** Returns the values of the command line for the tables that it names. */
export function tableOptionsOf(
  asked: Pick<OptionValues<typeof tableOptions>, keyof typeof tableOptions>,
): TableOptions {
  const { column, roundColumn, timeColumn, unit, series, where, sum, inRound } = asked
  return {
    column,
    roundColumn,
    timeColumn,
    bytesPerUnit: unit === undefined ? undefined : bytesPerAskedUnit(unit),
    series,
    where,
    sum,
    inRound,
  }
}
