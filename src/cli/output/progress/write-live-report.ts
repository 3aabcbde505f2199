/**
 * Writes report.html of a comparison that is still running. `liveReport` starts this with the
 * folder as its argument.
 */
import { join } from 'node:path'
import { readComparison } from '../../../comparison/run/comparison-folder.js'
import { writePage } from '../../../report/html/write-report.js'

const folder = process.argv[2]
if (folder !== undefined) writePage(readComparison(folder), folder, join(folder, 'report.html'))
