import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { pollUntil } from '../../src/launch/poll.js'
import { readRecording } from '../../src/recording/storage/read-recording.js'
import { PYTHON } from '../python.js'
import { temporaryFolder } from '../temporary-folder.js'
import { PROGRAM, runTidemark, startTidemark } from '../tidemark.js'

const TALKS = 'for i in 1 2 3 4 5 6; do echo round $i; sleep 0.1; done; touch done'

test.each(['', '2>&1'])('a reader of the output that has seen enough does not end what is measured (%s)', (both) => {
  const cwd = temporaryFolder()
  const line = `"${process.execPath}" "${PROGRAM}" run --out it --rounds 'round (\\d+)' -- sh -c '${TALKS}' ${both} | head -1`
  const { stdout } = spawnSync('sh', ['-c', line], { cwd, encoding: 'utf8' })
  expect(stdout).toBe('round 1\n')
  expect(existsSync(join(cwd, 'done'))).toBe(true)
  const { head, rounds } = readRecording(join(cwd, 'it'))
  expect(head.state).toBe('completed')
  expect(rounds.length).toBeGreaterThanOrEqual(5)
})

test('a comparison continues when no one reads its results', () => {
  const cwd = temporaryFolder()
  const line = `"${process.execPath}" "${PROGRAM}" compare --command 'sh -c "sleep 0.3"' --trials 2 --role server=sh --out it | true`
  spawnSync('sh', ['-c', line], { cwd })
  expect(JSON.parse(readFileSync(join(cwd, 'it', 'comparison.json'), 'utf8'))).toMatchObject({ state: 'completed' })
})

test('a recorder that was killed is known to be gone, and no exact peak of its recording lies below a sample', async () => {
  const cwd = temporaryFolder()
  const grow =
    'import time\nx = []\nprint("up", flush=True)\nfor i in range(400): x.append(bytearray(1 << 20)); time.sleep(0.01)'
  const { child } = startTidemark(['run', '--rate', '100', '--', PYTHON, '-c', grow], { cwd })
  await once(child.stdout!, 'data')
  const listed = await runTidemark(['list', '--json'], { cwd })
  const [{ name, state }] = JSON.parse(listed.stdout) as [{ name: string; state: string }]
  expect(state).toBe('running')
  expect((await runTidemark(['rm', name], { cwd })).stderr).toContain('is still being recorded')
  const samples = join(cwd, name, 'samples.ndjson')
  expect(await pollUntil(() => readFileSync(samples, 'utf8').split('\n').length > 100, 20_000)).toBe(true)
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect((await runTidemark(['list'], { cwd })).stdout).toContain('(recorder was killed)')
  const recording = readRecording(join(cwd, name))
  expect(recording.warnings).toContain('The recording has no end: its recorder was killed.')
  for (const { pid, peakBytes, peakKind } of recording.head.processes) {
    const own = recording.samples.flatMap(({ rss }) => rss.flatMap(([of, bytes]) => (of === pid ? [bytes] : [])))
    expect(peakBytes ?? 0).toBeGreaterThanOrEqual(Math.max(0, ...own))
    expect(['exact', 'sampled']).toContain(peakKind)
  }
  const { code, stdout } = await runTidemark(['rm', name], { cwd })
  expect([code, stdout]).toEqual([0, `removed ${name}\n`])
})
