import { relative } from 'node:path'

import { assertProgram } from '../../../launch/launch.js'
import { alertOptions } from '../../../options/alerts.js'
import { roundOptions } from '../../../options/federation.js'
import { assertRoundsCanRun } from '../../../options/job-check.js'
import { liveOptions } from '../../../options/live.js'
import { soakOptions } from '../../../options/soak.js'
import { defaultValues, type OptionValues } from '../../../options/types/spec.js'
import { type RecordedCommand, recordCommand } from '../../../recording/record-command.js'
import { readOutline } from '../../../recording/storage/read-recording.js'
import { UsageError } from '../../../shared/errors.js'
import { printable, printableLine } from '../../../shared/printable.js'
import { formatDuration } from '../../../shared/units.js'
import { INCONCLUSIVE, NOT_AS_EXPECTED, TARGET_FAILED } from '../../exit-codes.js'
import { forwardSignals } from '../../forward-signals.js'
import { readAlerts, rolesOfAlerts } from '../../live/live-alerts.js'
import { latestIntervalOf, startLiveSession } from '../../live/live-session.js'
import { serveRecording } from '../../live/serve-recording.js'
import { type VerdictsAtEnd, verdictsAtEnd, verdictsText } from '../../live/verdicts-at-end.js'
import { nextStep, recordingResult, recordingSummary } from '../../output/recording-summary.js'
import type { Command, CommandInput } from '../../parsing/command.js'
import { readRecordingOptions } from '../../parsing/recording-options.js'
import { inRecordingFolder } from '../../recording-folder.js'
import { jobCommand, SOAK_JOBS, type SoakJob } from '../../soak/job-command.js'
import { type Decision, undecided, watchDecision } from '../../soak/soak-decision.js'
import { type SoakLoad, startLoad } from '../../soak/soak-load.js'

export const command: Command = {
  verb: 'soak',
  summary: 'Run a program until it is clear whether its memory grows.',
  description: [
    'Runs a command or a built-in JOB (fedavg, scaffold, cyclic, swarm) until it is clear whether its memory grows or',
    'is level, and then ends it. The verdict is valid at any moment: the chance of a wrong one is at most 2 % per role,',
    'however long it runs. A warm-up counts neither as growth nor as level. Judges all roles, or those of --role; for a',
    'JOB, its server.',
    '',
    'Rounds come from --rounds or from marks. Without either, time windows of --every are judged instead.',
    '',
    'Exit codes: 0 level; 1 grows, or a --fail-when was true; 3 the program failed or had to be ended; 4 undecided',
    'within --max-time or --max-rounds, or when the program ended; 130 or 143 stopped by a signal before it was decided.',
  ].join('\n'),
  arguments: '[command...]',
  jobs: SOAK_JOBS,
  options: soakOptions,
  optionGroups: { 'While it runs': { ...alertOptions, ...liveOptions } },
  examples: [
    'tidemark soak fedavg --max-rounds 15 --model-size 100KB',
    "tidemark soak --every 1m --max-time 8h --load 'sleep 5; k6 run load.js' -- node server.js",
    'tidemark soak --rounds-end "round (\\d+) done" --role server=server.py -- python3 job.py',
  ],
  run: soak,
}

async function soak(input: CommandInput): Promise<number> {
  const options = input.options as OptionValues<typeof soakOptions>
  const { out, force, rssLimit, graceMs, json, cgroup, listen, token, maxRounds, maxTimeMs, load, tolerance } = options
  const { pattern, log, roundsFlag, probedRoles: _, ...recording } = readRecordingOptions('soak', input)
  if (input.arguments.length === 0)
    throw new UsageError('soak: neither a job nor a command was given', {
      fix: 'For example: tidemark soak fedavg --max-rounds 200, or: tidemark soak --every 1m -- node server.js',
    })
  const job = jobOf(input.arguments)
  const ofJob = (['clients', 'modelSize'] as const).find((key) => input.given.has(key))
  if (job === undefined && ofJob !== undefined)
    throw new UsageError(`soak: --${soakOptions[ofJob].flag} is for a job of Tidemark, and a command was given`, {
      fix: `Write it into the command, or name one of ${SOAK_JOBS.join(', ')}.`,
    })
  if (job !== undefined)
    assertRoundsCanRun({ ...defaultValues(roundOptions, job), algorithm: job, clients: options.clients })
  const alerts = readAlerts('soak', options, { mayStop: true })
  if (job === undefined) assertProgram('the command', input.arguments)
  return inRecordingFolder(out, force, async (folder) => {
    using forwarding = forwardSignals()
    const started = job === undefined ? undefined : await jobCommand(job, options)
    const command = started?.command ?? input.arguments
    const live = startLiveSession({
      command: input.arguments,
      windowMs: options.windowMs,
      isQuiet: options.quiet,
      alerts,
      folder,
      ...(tolerance !== undefined && { tolerance }),
      ...(rssLimit !== undefined && { limit: { bytes: rssLimit, name: '--rss-limit' } }),
    })
    const title = printableLine(input.arguments.join(' '))
    const served = await serveRecording({ listen, token }, title, live.state, live.say)
    let decision: Decision | undefined
    let loadFailure: string | undefined
    let loading: Promise<SoakLoad> | undefined
    let timer: NodeJS.Timeout | undefined
    const recorded = await recordCommand(
      {
        command,
        folder,
        graceMs,
        latestIntervalMs: latestIntervalOf(options.windowMs),
        isInCgroup: cgroup,
        ...recording,
        askedRoles: [...recording.askedRoles, ...rolesOfAlerts(alerts)],
        ...(started && { environment: started.environment }),
        ...(pattern !== undefined && { rounds: { pattern, logFile: log, flag: roundsFlag } }),
        ...(rssLimit !== undefined && { rssLimitBytes: rssLimit }),
      },
      {
        onRecorder: (recorder) => {
          live.follow(recorder)
          served?.show(title, live.state, recorder)
        },
        onStart: (launched, control) => {
          forwarding.to(launched)
          live.started(control)
          const decide = (made: Decision) => {
            decision ??= made
            control.end(made.why, true)
          }
          watchDecision(
            live.state,
            { judged: judgedOf(started?.judged, recording.askedRoles), maxRounds: maxRounds ?? null },
            decide,
          )
          if (maxTimeMs !== undefined)
            timer = setTimeout(() => decide(undecided(`after ${formatDuration(maxTimeMs)} (--max-time)`)), maxTimeMs)
          if (load !== undefined)
            loading = startLoad(load, folder, (why) => {
              loadFailure = why
              control.end(why)
            })
        },
        onNote: live.say,
      },
    ).finally(async () => {
      clearTimeout(timer)
      await (await loading)?.close()
      await live.end()
      await served?.close()
    })
    const stopped = decision === undefined ? forwarding.stopped() : undefined
    const result: SoakResult = {
      decision: decision ?? undecided(stopped ? `when it was ${stopped.message}` : 'when the program ended'),
      // A program that was interrupted ends as it likes.
      failure: stopped ? null : failureOf(recorded, loadFailure),
      verdicts: verdictsAtEnd(live.state, folder),
    }
    report(result, folder, json)
    if (stopped !== undefined) return stopped.exitCode
    if (result.failure !== null) return TARGET_FAILED
    return live.failed().length > 0 ? NOT_AS_EXPECTED : EXIT_CODES[result.decision.is]
  })
}

interface SoakResult {
  decision: Decision
  /** Why nothing could be decided: the program, or its load, failed. Null otherwise. */
  failure: string | null
  verdicts: VerdictsAtEnd | undefined
}

function failureOf({ ended, head }: RecordedCommand, loadFailure: string | undefined): string | null {
  if (loadFailure !== undefined) return loadFailure
  return ended?.isAsPlanned === false || head.state === 'failed' ? (head.reason ?? 'it failed') : null
}

function report({ decision, failure, verdicts }: SoakResult, folder: string, json: boolean): void {
  const outline = readOutline(folder)
  if (json) {
    const result = { decision, failure, ...recordingResult(outline), ...(verdicts && { verdicts }) }
    process.stdout.write(`${JSON.stringify(result)}\n`)
    return
  }
  const say = (text: string) => process.stderr.write(`tidemark: ${text}\n`)
  const shown = { ...outline, folder: relative(process.cwd(), folder) || '.' }
  say(`${recordingSummary(shown)}. ${nextStep(shown.folder)}`)
  if (verdicts !== undefined) say(verdictsText(verdicts))
  say(printable(failure === null ? decision.why : `no decision: ${failure}`))
}

const EXIT_CODES = { level: 0, grows: NOT_AS_EXPECTED, undecided: INCONCLUSIVE } as const

function jobOf(given: readonly string[]): SoakJob | undefined {
  return given.length === 1 ? SOAK_JOBS.find((job) => job === given[0]) : undefined
}

function judgedOf(ofJob: string | undefined, asked: readonly { role: string }[]): string[] | null {
  if (ofJob !== undefined) return [ofJob]
  return asked.length === 0 ? null : [...new Set(asked.map(({ role }) => role))]
}
