import { peakOptions } from '../../../options/recording.js'
import type { OptionValues } from '../../../options/types/spec.js'
import { decimalMib } from '../../../recording/formats/decimal-mib.js'
import { openRecordings, type RecordingFile } from '../../../recording/formats/open-recording.js'
import { type RecordingPeaks, recordingPeaks } from '../../../recording/formats/peaks.js'
import { printable, printableLine } from '../../../shared/printable.js'
import { formatDuration } from '../../../shared/units.js'
import { assertNoComparison } from '../../comparison-to-judge.js'
import type { Command } from '../../parsing/command.js'
import { tableOptionsOf } from '../../parsing/table-options.js'
import { namedRecordings, newestRecording } from '../../recordings-in-folder.js'

export const command: Command = {
  verb: 'peak',
  summary: 'Print the peak memory of recordings, exact if the kernel kept it.',
  description: [
    'Prints the peaks of recordings, given by index (0 is the oldest in the current folder, -1 the newest) or by path.',
    'Default: the newest. For an mprof file it prints the highest sample, as mprof peak does. For a recording of',
    'Tidemark it adds the peak of each process as the kernel kept it, which no sampling can miss.',
  ].join('\n'),
  arguments: '[recordings...]',
  options: peakOptions,
  onlyPrints: true,
  examples: ['tidemark peak', 'tidemark peak -2 -1', 'tidemark peak mprofile_20261123204823.dat --func __main__.train'],
  run: async ({ arguments: names, options }) => {
    const paths = names.length === 0 ? [newestRecording('peak')] : namedRecordings(names)
    const asked = tableOptionsOf(options as OptionValues<typeof peakOptions>)
    const all = paths.flatMap((path) => {
      assertNoComparison(path, 'peak')
      return openRecordings(path, asked).map((file) => ({
        file,
        peaks: recordingPeaks(file, options.func as string | undefined),
      }))
    })
    for (const { file, peaks } of all)
      for (const note of peaks.notes) process.stderr.write(`note: ${printable(`${file.path}: ${note}`)}\n`)
    const text =
      options.json === true
        ? `${JSON.stringify(all.map(asJson), null, 2)}\n`
        : all.map(({ file, peaks }) => asText(file, peaks)).join('')
    process.stdout.write(text)
    return 0
  },
}

/**
 * Returns the peaks as text. The first line and those of children match mprof's exactly, so that
 * programs that parse them continue to work.
 */
function asText({ path: file, part, format }: RecordingFile, { highest, children, processes }: RecordingPeaks): string {
  const path = printable(part === null ? file : `${file} (${part})`)
  if (highest === null) return `${path}\tno reading\n`
  const known = new Set(processes.map(({ pid }) => pid))
  const lines = [`${path}\t${decimalMib(highest.rssBytes, 3)} MiB`]
  if (highest.round !== undefined) lines[0] += `\t(at the end of round ${highest.round})`
  if (format === 'tidemark')
    lines[0] += `\t(the highest sample${processes.length > 1 ? ' of all processes together' : ''}, at ${formatDuration(highest.timeMs)})`
  for (const { pid, rssBytes } of children)
    if (format === 'mprof' || !known.has(pid)) lines.push(`  Child ${pid}\t\t\t${decimalMib(rssBytes, 3)} MiB`)
  const width = Math.max(...processes.map(({ name }) => printableLine(name).length))
  for (const { pid, name: given, peakBytes, peakKind } of processes) {
    const name = printableLine(given)
    const peak = peakBytes === null ? 'never read' : `${decimalMib(peakBytes, 3)} MiB ${peakKind}`
    lines.push(`  ${name.padEnd(width)}  pid ${pid}\t${peak}`)
  }
  return `${lines.join('\n')}\n`
}

function asJson({ file, peaks }: { file: RecordingFile; peaks: RecordingPeaks }): Record<string, unknown> {
  const { highest, children, processes } = peaks
  return {
    path: file.path,
    format: file.format,
    ...(file.part === null ? {} : { series: file.part }),
    highest,
    children,
    processes: processes.map(({ kind: _kind, ...process }) => process),
  }
}
