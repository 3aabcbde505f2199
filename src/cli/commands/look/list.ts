import { statSync } from 'node:fs'
import { plannedTrials } from '../../../comparison/plan/shard.js'
import { isSuiteFolder } from '../../../comparison/run/suite-folder.js'
import { writerOf } from '../../../comparison/run/writer-lock.js'
import { listOptions } from '../../../options/report.js'
import { commandLine } from '../../../recording/formats/command-line.js'
import { openRecording } from '../../../recording/formats/open-recording.js'
import { readMetadata } from '../../../recording/storage/read-recording.js'
import { recorderState } from '../../../recording/storage/recorder-lock.js'
import type { Comparison } from '../../../results/comparison.js'
import { UsageError } from '../../../shared/errors.js'
import { printableLine } from '../../../shared/printable.js'
import { count } from '../../../shared/text.js'
import { formatBytes, formatDuration } from '../../../shared/units.js'
import { type ComparisonHere, comparisonsHere } from '../../folders/comparisons-here.js'
import type { Command } from '../../parsing/command.js'
import { type RecordingHere, recordingsHere } from '../../recordings-in-folder.js'

export const command: Command = {
  verb: 'list',
  summary: 'List the recordings and comparisons of the current folder.',
  description: [
    'Lists the recordings of tidemark run and mprof run in the current folder, oldest first, then the comparisons here',
    'and in runs/. show, plot, peak and rm accept the index of a recording; -1 is the newest. Comparisons are named by',
    'their folder.',
  ].join('\n'),
  options: listOptions,
  onlyPrints: true,
  examples: ['tidemark list', 'tidemark list --json'],
  run: async ({ options }) => {
    const rows = [...recordingsHere().map(rowOf), ...comparisonsHere().map(comparisonRow)]
    if (options.json === true) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`)
    else if (rows.length === 0) process.stderr.write('the current folder holds no recording and no comparison\n')
    else process.stdout.write(tableOf(rows))
    return 0
  },
}

interface Row {
  /** Index of the recording; null for a comparison. */
  index: number | null
  name: string
  format: RecordingHere['kind'] | 'comparison' | 'suite'
  startedMs: number
  /** Duration, where the metadata has it. For mprof files the size gives as good an idea. */
  durationMs: number | null
  sizeBytes: number | null
  state: string | null
  command: string | null
}

/**
 * Returns the row of a recording. A broken one is only listed; plot and peak report what is wrong
 * with it.
 */
function rowOf({ name, kind, started }: RecordingHere, index: number): Row {
  const row = { index, name, format: kind, startedMs: started.getTime() }
  const sizeBytes = kind === 'mprof' ? statSync(name).size : null
  try {
    return kind === 'mprof'
      ? { ...row, durationMs: null, sizeBytes, state: null, command: commandOf(name) }
      : { ...row, sizeBytes, ...headOf(name) }
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    return { ...row, durationMs: null, sizeBytes, state: 'broken', command: null }
  }
}

function comparisonRow({ name, started, comparison, parts }: ComparisonHere): Row {
  const row = { index: null, name, startedMs: started.getTime(), sizeBytes: null }
  if (comparison === undefined) {
    const isSuite = isSuiteFolder(name)
    const command = isSuite ? `${count(parts.length, 'comparison')} of a suite` : null
    const state = isSuite ? null : 'broken'
    return { ...row, format: isSuite ? 'suite' : 'comparison', durationMs: null, state, command }
  }
  const { createdMs, updatedMs, settings, trials } = comparison
  const done = trials.filter(({ state }) => state !== 'stopped').length
  const of = `${count(settings.length, 'setting')}, ${done} of ${count(plannedTrials(comparison), 'trial')}`
  return {
    ...row,
    format: 'comparison',
    durationMs: updatedMs - createdMs,
    state: stateOf(name, comparison),
    command: `${comparison.name}: ${of}`,
  }
}

/** Returns the state. A comparison that claims to be running but has no writer was killed. */
function stateOf(folder: string, { state }: Pick<Comparison, 'state'>): string {
  return state === 'running' && writerOf(folder) === undefined ? 'was cut off' : state
}

function headOf(name: string): Pick<Row, 'durationMs' | 'state' | 'command'> {
  const { startedMs, endedMs, state, command } = readMetadata(name)
  const isOver = state !== 'running' || recorderState(name) !== 'was killed'
  return {
    durationMs: endedMs === null ? null : endedMs - startedMs,
    state: isOver ? state : 'recorder was killed',
    command: commandLine(command),
  }
}

function commandOf(name: string): string | null {
  for (const event of openRecording(name).events()) if (event.kind === 'command') return event.command
  return null
}

function tableOf(rows: readonly Row[]): string {
  const cells = rows.map(({ index, name, startedMs, durationMs, sizeBytes, state, command }) => [
    index === null ? '-' : String(index),
    name,
    localTime(new Date(startedMs)),
    durationMs !== null ? formatDuration(durationMs) : sizeBytes !== null ? formatBytes(sizeBytes) : '',
    [state === null || state === 'completed' ? '' : `(${state})`, printableLine(command ?? '')].join(' ').trim(),
  ])
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((row) => row[column]!.length)))
  const lines = cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  return `${lines.join('\n')}\n`
}

/** Formats a time as `2026-11-23 20:48:23`. */
function localTime(date: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-')
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')}`
}
