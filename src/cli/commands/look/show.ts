import { existsSync } from 'node:fs'
import { showOptions } from '../../../options/report.js'
import type { OptionValues } from '../../../options/types/spec.js'
import { isRecording, readOutline } from '../../../recording/storage/read-recording.js'
import { UsageError } from '../../../shared/errors.js'
import { isComparison } from '../../comparison-to-judge.js'
import { newestResult, partsOf } from '../../folders/comparisons-here.js'
import { openInBrowser } from '../../folders/open-in-browser.js'
import { pageOfRecording, rereadComparison } from '../../folders/reread-results.js'
import { printComparison, printJson, type ReportedComparison, reportIndex } from '../../output/print-comparison.js'
import { nextStep, recordingResult, recordingSummary } from '../../output/recording-summary.js'
import type { Command } from '../../parsing/command.js'
import { namedRecordings } from '../../recordings-in-folder.js'

export const command: Command = {
  verb: 'show',
  summary: 'Print a comparison or a recording again, finished or running.',
  description: [
    'Prints again what compare, run or attach printed at their end, from the current contents of their folder. For a',
    'running one, that is what has been measured so far. Nothing is run, and a report is written only if there is none.',
    '',
    'FOLDER is a comparison, a suite of several, a recording, or the index of a recording (see tidemark list). Default:',
    'the newest comparison or recording here or in runs/.',
  ].join('\n'),
  arguments: '[folder]',
  options: showOptions,
  onlyPrints: true,
  examples: ['tidemark show', 'tidemark show runs/fedavg-20260712-130509 --details', 'tidemark show --open'],
  run: async ({ arguments: [named], options }) => {
    const asked = options as Asked
    const folder = named === undefined ? newestResult('show') : namedRecordings([named])[0]!
    if (isComparison(folder)) await showComparisons([folder], asked)
    else if (partsOf(folder).length > 0) await showComparisons(partsOf(folder), asked, folder)
    else if (isRecording(folder)) await showRecording(folder, asked)
    else
      throw new UsageError(`show: ${folder} holds no comparison and no recording of Tidemark`, {
        fix: 'tidemark list shows those that are here. Files of other programs: tidemark analyze, or tidemark plot.',
      })
    return 0
  },
}

type Asked = OptionValues<typeof showOptions>

/** @param suite the folder of all of them, where they belong together */
async function showComparisons(
  folders: readonly string[],
  { details, open, json }: Asked,
  suite?: string,
): Promise<void> {
  const shown: ReportedComparison[] = []
  for (const folder of folders) {
    const one = await rereadComparison(folder)
    shown.push(one)
    const { trials } = one.view.comparison
    if (json) continue
    if (shown.length > 1) process.stdout.write('\n')
    if (trials.length > 0) await printComparison(one, { details })
    else process.stdout.write(`${folder}: no trial has ended yet\n`)
  }
  if (json) printJson(shown, { isSuite: suite !== undefined })
  if (!open) return
  const pages = suite === undefined ? shown.map(({ page }) => page) : [await reportIndex(suite, shown, shown.length)]
  for (const page of pages.filter((one) => existsSync(one))) openInBrowser(page)
}

async function showRecording(folder: string, asked: Asked): Promise<void> {
  const recording = readOutline(folder)
  if (asked.json) process.stdout.write(`${JSON.stringify(recordingResult(recording), null, 2)}\n`)
  else process.stdout.write(`${recordingSummary(recording)}. ${nextStep(folder)}\n`)
  if (asked.open) openInBrowser(await pageOfRecording(folder))
}
