import type { RecordingFile } from '../recording/formats/open-recording.js'
import { drawnRecording } from '../report/html/drawn-recording.js'
import { recordingFigureData } from '../report/html/recording-figure-data.js'
import { terminalChart } from '../report/terminal/terminal-chart.js'
import { mib } from '../shared/units.js'

/** Size in characters, small enough for the middle of a log. */
const SIZE = { width: 72, height: 12 }

/** Draws RSS over time in characters, or the values of a table of rounds without times. */
export function chartOf(file: RecordingFile): string {
  const drawn = drawnRecording(file)
  if (drawn.whole.highest === null || drawn.axis === 'rounds') return endRssOf(file)
  const { series } = recordingFigureData([drawn], { hasSlope: false, hasFunctions: false })
  return terminalChart(series, SIZE).trimEnd()
}

function endRssOf(file: RecordingFile): string {
  const ends: string[] = []
  for (const event of file.events())
    if (event.kind === 'round') ends.push(event.endRssBytes === null ? '?' : mib(event.endRssBytes))
  return `End RSS by round, MiB: ${ends.join(' ')}`
}
