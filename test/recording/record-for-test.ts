import { onTestFinished } from 'vitest'
import { type Guard, startGuard } from '../../src/launch/guard.js'
import { type LaunchedProcess, launch } from '../../src/launch/launch.js'
import { readMachineFacts } from '../../src/linux/machine.js'
import { startRecording } from '../../src/recording/recorder.js'
import type { RecorderHandle, RecordingOptions } from '../../src/recording/recorder-handle.js'
import { temporaryFolder } from '../temporary-folder.js'

export interface RecordedForTest {
  recorder: RecorderHandle
  guard: Guard
  process: LaunchedProcess
}

/** Starts a command under a recorder, in a temporary folder; whatever still runs when the test ends is ended. */
export async function recordForTest(
  command: string[],
  options: Partial<RecordingOptions> & { withTree?: boolean } = {},
): Promise<RecordedForTest> {
  const { withTree = false, ...given } = options
  const guard = await startGuard()
  onTestFinished(async () => void (await guard.close(0)))
  const recorder = await startRecording({
    folder: temporaryFolder(),
    command,
    setting: {},
    machine: readMachineFacts(),
    rateHz: 100,
    ...(withTree && { tree: { assignment: guard.assignment, recorderPid: globalThis.process.pid } }),
    ...given,
  })
  onTestFinished(async () => void (await recorder.finish('stopped', 'the test ended')))
  const process = await launch(guard, {
    label: 'the fixture',
    command,
    environment: { TIDEMARK_MARKS: recorder.marksFile },
    output: { file: `${recorder.folder}/out.log` },
  })
  recorder.add({ pid: process.pid, role: 'server', name: 'fixture', command })
  return { recorder, guard, process }
}

/** Waits for the command's end, then for the recording's. */
export async function finishForTest({ recorder, process }: RecordedForTest) {
  const exit = await process.exited
  recorder.exited(process.pid, exit)
  return recorder.finish(exit.code === 0 ? 'completed' : 'failed', null)
}
