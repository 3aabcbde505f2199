import { relative } from 'node:path'
import { type FoundContainer, findContainer, findPodContainer } from '../../../linux/cgroups/find-container.js'
import { findProcess } from '../../../linux/process/find-process.js'
import type { ProcessStat } from '../../../linux/process/process-stat.js'
import { alertOptions } from '../../../options/alerts.js'
import { liveOptions } from '../../../options/live.js'
import { attachOptions } from '../../../options/recording.js'
import type { OptionValues } from '../../../options/types/spec.js'
import { recordAttached } from '../../../recording/record-attached.js'
import { readOutline } from '../../../recording/storage/read-recording.js'
import { UsageError } from '../../../shared/errors.js'
import { printableLine } from '../../../shared/printable.js'
import { NOT_AS_EXPECTED, TARGET_FAILED } from '../../exit-codes.js'
import { readAlerts, rolesOfAlerts } from '../../live/live-alerts.js'
import { latestIntervalOf, startLiveSession } from '../../live/live-session.js'
import { serveRecording } from '../../live/serve-recording.js'
import { verdictsAtEnd, verdictsText } from '../../live/verdicts-at-end.js'
import { heapDiffText } from '../../output/heap-diff-text.js'
import { heapGrowthAt } from '../../output/heap-growth-at.js'
import { mprofCopy } from '../../output/mprof-copy.js'
import { nextStep, recordingResult, recordingSummary } from '../../output/recording-summary.js'
import type { Command, CommandInput } from '../../parsing/command.js'
import { readHeapOptions } from '../../parsing/heap-options.js'
import { readRecordingOptions } from '../../parsing/recording-options.js'
import { inRecordingFolder } from '../../recording-folder.js'
import { stopOnSignal } from '../../stop-on-signal.js'

export const command: Command = {
  verb: 'attach',
  summary: 'Record the memory of a running process and of its descendants.',
  description: [
    'Records a running process and its descendants until it ends, or until --until-round, --for or Ctrl-C. Name the',
    "target by pid, program or script. It is not disturbed, except that the kernel's peak of its memory is reset at the",
    'start and after each round; --no-reset skips that. With --container or --pod the target is a container on this',
    'machine: all its processes, found by their cgroup, and its peak as a whole.',
    '',
    'Rounds come from --rounds with --log, or from the marks of a program that was started with TIDEMARK_MARKS.',
  ].join('\n'),
  arguments: '[pid|name]',
  options: attachOptions,
  optionGroups: { 'While it runs': { ...alertOptions, ...liveOptions } },
  examples: ['tidemark attach 1 --for 2s --no-reset', 'tidemark attach $$ --for 2s --rate 50 --no-reset'],
  run: attach,
}

async function attach(input: CommandInput): Promise<number> {
  const options = input.options as OptionValues<typeof attachOptions>
  const {
    out,
    force,
    untilRound,
    forMs,
    noReset,
    json,
    format,
    windowMs,
    container: asked,
    pod,
    listen,
    token,
  } = options
  const { pattern, log, roundsFlag, probedRoles: _, ...recording } = readRecordingOptions('attach', input)
  if (pattern !== undefined && log === undefined)
    throw new UsageError('attach: --rounds needs --log FILE: the output of a running program cannot be read', {
      fix: 'Name the file that the program logs to.',
    })
  const { target, container } = whatToAttach(input.arguments[0], asked, pod)
  const alerts = readAlerts('attach', options, { mayStop: false })
  const heapDiff = readHeapOptions('attach', input)
  return inRecordingFolder(out, force, async (folder) => {
    const copy = format === 'mprof' ? mprofCopy(folder, force) : undefined
    process.stderr.write(`tidemark: recording ${target.pid} (${target.name}) into ${relative(process.cwd(), folder)}\n`)
    using stop = stopOnSignal(() => {})
    const live = startLiveSession({ command: [target.name], windowMs, isQuiet: options.quiet, alerts, folder })
    const title = printableLine(`${target.name} (pid ${target.pid})`)
    const served = await serveRecording({ listen, token }, title, live.state, live.say)
    const head = await recordAttached(
      {
        target,
        ...(container && { container }),
        folder,
        resetPeaks: !noReset,
        latestIntervalMs: latestIntervalOf(windowMs),
        ...recording,
        askedRoles: [...recording.askedRoles, ...rolesOfAlerts(alerts)],
        ...(pattern !== undefined && log !== undefined && { rounds: { pattern, logFile: log, flag: roundsFlag } }),
        ...(untilRound !== undefined && { untilRound }),
        ...(forMs !== undefined && { forMs }),
        ...(heapDiff !== undefined && { heapDiff }),
      },
      {
        signal: stop.signal,
        onRecorder: (recorder) => {
          live.follow(recorder)
          served?.show(title, live.state, recorder)
        },
        onNote: live.say,
      },
    ).finally(async () => {
      await live.end()
      await served?.close()
    })
    const verdicts = verdictsAtEnd(live.state, folder)
    const read = readOutline(folder)
    const shown = { ...read, folder: relative(process.cwd(), folder) || '.' }
    const growth = heapDiff === undefined ? undefined : await heapGrowthAt(folder, heapDiff, live.say)
    process.stdout.write(
      json
        ? `${JSON.stringify({ ...recordingResult(read), ...(verdicts && { verdicts }), ...(growth && { heapDiff: growth }) })}\n`
        : `${recordingSummary(shown)}. ${nextStep(shown.folder)}\n`,
    )
    if (verdicts !== undefined && !json) process.stdout.write(`${verdictsText(verdicts)}\n`)
    if (!json) for (const one of growth ?? []) process.stdout.write(`\n${heapDiffText(one)}\n`)
    if (copy !== undefined) process.stderr.write(`tidemark: for mprof: ${copy.write()}\n`)
    stop.signal.throwIfAborted()
    if (head.state === 'failed') return TARGET_FAILED
    return live.failed().length > 0 ? NOT_AS_EXPECTED : 0
  })
}

/**
 * Returns the process to attach to, and its container where one was named. It is the first process
 * of that container.
 */
function whatToAttach(
  process: string | undefined,
  container: string | undefined,
  pod: string | undefined,
): { target: ProcessStat; container?: FoundContainer } {
  const isContainer = container !== undefined || pod !== undefined
  if (process !== undefined && isContainer)
    throw new UsageError(
      `attach: found the process ${process} and ${pod === undefined ? '--container' : '--pod'}; give one of them`,
    )
  if (process !== undefined) return { target: findProcess(process) }
  if (!isContainer)
    throw new UsageError('attach: nothing to attach to was given', {
      fix: 'A pid, a program or script by its name, --container NAME|ID or --pod NAME.',
    })
  const found = pod === undefined ? findContainer(container!) : findPodContainer(pod, container)
  return { target: found.processes[0], container: found }
}
