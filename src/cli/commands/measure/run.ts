import { constants } from 'node:os'
import { relative } from 'node:path'
import { exitCodeOf } from '../../../launch/exit-status.js'
import { assertProgram } from '../../../launch/launch.js'
import { alertOptions } from '../../../options/alerts.js'
import { liveOptions } from '../../../options/live.js'
import { runOptions } from '../../../options/recording.js'
import type { OptionValues } from '../../../options/types/spec.js'
import type { HeapGrowth } from '../../../recording/heap/heap-growth.js'
import { type RecordedCommand, recordCommand } from '../../../recording/record-command.js'
import { readOutline } from '../../../recording/storage/read-recording.js'
import { UsageError } from '../../../shared/errors.js'
import { printableLine } from '../../../shared/printable.js'
import { NOT_AS_EXPECTED } from '../../exit-codes.js'
import { forwardSignals } from '../../forward-signals.js'
import { readAlerts, rolesOfAlerts } from '../../live/live-alerts.js'
import { latestIntervalOf, startLiveSession } from '../../live/live-session.js'
import { serveRecording } from '../../live/serve-recording.js'
import { type VerdictsAtEnd, verdictsAtEnd, verdictsText } from '../../live/verdicts-at-end.js'
import { heapDiffText } from '../../output/heap-diff-text.js'
import { heapGrowthAt } from '../../output/heap-growth-at.js'
import { mprofCopy } from '../../output/mprof-copy.js'
import { nextStep, recordingResult, recordingSummary } from '../../output/recording-summary.js'
import type { Command, CommandInput } from '../../parsing/command.js'
import { readHeapOptions } from '../../parsing/heap-options.js'
import { readRecordingOptions } from '../../parsing/recording-options.js'
import { inRecordingFolder } from '../../recording-folder.js'

export const command: Command = {
  verb: 'run',
  summary: 'Run a command and record the memory of all its processes.',
  description: [
    'Runs a command, records it and all its descendants, and ends when it ends. Input, output and exit code are those',
    'of the command; signals are passed on to it. The summary goes to standard error.',
    '',
    'Peaks are kept by the kernel, so they are exact at any --rate. With --rounds, or if the command writes marks to',
    'the file named by TIDEMARK_MARKS, each round has an exact peak.',
    '',
    'If --rounds matches no line, --role matches no process, or the file of --log does not exist, a warning says so',
    "after 30 s and at the end, with what was found instead. The exit code stays the command's.",
    '',
    'While the command runs, a terminal shows its curve, the peaks of its rounds and a verdict that is valid at any',
    'moment. --when watches a condition, and --listen serves all of this as a page. See docs/while-it-runs.md.',
    '',
    "Exit codes: the command's own; 1 instead of 0 if a --fail-when was true; 3 if the command had to be ended",
    '(--timeout, --rss-limit, --do stop) or the recording could not be completed.',
  ].join('\n'),
  arguments: '[command...]',
  options: runOptions,
  optionGroups: { 'While it runs': { ...alertOptions, ...liveOptions } },
  examples: [
    'tidemark run -- python3 -c "x = bytearray(10**8)"',
    'tidemark run --rate 100 --out before -- sh -c "sleep 1 & wait"',
    'tidemark run --probe --rounds nvflare --role server=runner_process -- python3 job.py',
    'tidemark run --heap-diff 5 --rounds nvflare -- python3 job.py',
  ],
  run: runCommand,
}

async function runCommand(input: CommandInput): Promise<number> {
  const options = input.options as OptionValues<typeof runOptions>
  const { out, force, timeoutMs, rssLimit, graceMs, json, format, probe, probeRound, windowMs, cgroup, listen, token } =
    options
  const { pattern, log, roundsFlag, probedRoles, ...recording } = readRecordingOptions('run', input)
  if (input.arguments.length === 0)
    throw new UsageError('run: no command was given', { fix: 'For example: tidemark run -- python3 train.py' })
  if (probeRound !== undefined && !probe)
    throw new UsageError('run: --probe-round needs --probe', { fix: 'Add --probe.' })
  if (probe && probeRound === undefined && !pattern?.words.some(({ kind }) => kind === 'finished'))
    throw new UsageError('run: --probe: nothing reports when the work is done', {
      fix: 'For example --rounds nvflare; or, with a pattern or marks, the round: --probe-round 10.',
    })
  const heapDiff = readHeapOptions('run', input)
  const alerts = readAlerts('run', options, { mayStop: true })
  assertProgram('the command', input.arguments)
  return inRecordingFolder(out, force, async (folder) => {
    const copy = format === 'mprof' ? mprofCopy(folder, force) : undefined
    using forwarding = forwardSignals()
    const live = startLiveSession({
      command: input.arguments,
      windowMs,
      isQuiet: options.quiet,
      alerts,
      folder,
      ...(rssLimit !== undefined && { limit: { bytes: rssLimit, name: '--rss-limit' } }),
    })
    const title = printableLine(input.arguments.join(' '))
    const served = await serveRecording({ listen, token }, title, live.state, live.say)
    const recorded = await recordCommand(
      {
        command: input.arguments,
        folder,
        graceMs,
        latestIntervalMs: latestIntervalOf(windowMs),
        isInCgroup: cgroup,
        ...recording,
        askedRoles: [...recording.askedRoles, ...rolesOfAlerts(alerts)],
        ...(pattern !== undefined && { rounds: { pattern, logFile: log, flag: roundsFlag } }),
        ...(timeoutMs !== undefined && { timeoutMs }),
        ...(rssLimit !== undefined && { rssLimitBytes: rssLimit }),
        ...(probe && { probe: { afterRound: probeRound ?? null, roles: probedRoles } }),
        ...(heapDiff !== undefined && { heapDiff }),
      },
      {
        onRecorder: (recorder) => {
          live.follow(recorder)
          served?.show(title, live.state, recorder)
        },
        onStart: (launched, control) => {
          forwarding.to(launched)
          live.started(control)
        },
        onNote: live.say,
      },
    ).finally(async () => {
      await live.end()
      await served?.close()
    })
    const growth = heapDiff === undefined ? undefined : await heapGrowthAt(folder, heapDiff, say)
    printSummary(recorded, growth, { folder, json, verdicts: verdictsAtEnd(live.state, folder) })
    if (copy !== undefined) say(`for mprof: ${copy.write()}`)
    return exitCodeFor(recorded) || (live.failed().length > 0 ? NOT_AS_EXPECTED : 0)
  })
}

function printSummary(
  { leftBehind }: RecordedCommand,
  heapDiff: HeapGrowth[] | undefined,
  { folder, json, verdicts }: { folder: string; json: boolean; verdicts: VerdictsAtEnd | undefined },
): void {
  const recording = readOutline(folder)
  if (json) {
    process.stderr.write(
      `${JSON.stringify({ ...recordingResult(recording), ...(heapDiff && { heapDiff }), ...(verdicts && { verdicts }) })}\n`,
    )
    return
  }
  const shown = { ...recording, folder: relative(process.cwd(), folder) || '.' }
  say(`${recordingSummary(shown)}. ${nextStep(shown.folder)}`)
  if (verdicts !== undefined) say(verdictsText(verdicts))
  for (const growth of heapDiff ?? []) process.stderr.write(`\n${heapDiffText(growth)}\n`)
  if (leftBehind.length > 0)
    say(`still running, and no longer recorded: pids ${leftBehind.join(', ')}. Continue with: tidemark attach PID`)
}

/** Exit code, as documented, when the command had to be ended or its recording is incomplete. */
const NOT_AS_ASKED = 3

function exitCodeFor({ exit, ended, head }: RecordedCommand): number {
  if (ended !== null) return NOT_AS_ASKED
  if (head.state === 'failed' && exit.code === 0) return NOT_AS_ASKED
  return exitCodeOf(exit, constants.signals)
}

/**
 * Prints a message. Its first line names Tidemark, since the command's own output goes to the same
 * place.
 */
function say(text: string): void {
  process.stderr.write(`tidemark: ${text}\n`)
}
