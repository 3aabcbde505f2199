import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { writeExampleRecording } from '../recording/example-recording.js'
import { exampleSettings } from '../report/example-comparison.js'
import { writeExampleComparison } from '../report/write-example-comparison.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark } from '../tidemark.js'

const SMALL = { settings: exampleSettings().slice(0, 2), trials: 2, rounds: 4 }

/** A program of the name xdg-open that writes down what it was asked to open. */
function fakeOpener(cwd: string): { PATH: string } {
  mkdirSync(join(cwd, 'bin'))
  writeFileSync(join(cwd, 'bin/xdg-open'), `#!/bin/sh\necho "$1" > '${cwd}/opened'\n`)
  chmodSync(join(cwd, 'bin/xdg-open'), 0o755)
  return { PATH: `${join(cwd, 'bin')}${delimiter}${process.env.PATH}` }
}

const opened = (cwd: string) =>
  vi
    .waitFor(() => expect(readFileSync(join(cwd, 'opened'), 'utf8')).toMatch(/\n$/), { timeout: 10_000 })
    .then(() => readFileSync(join(cwd, 'opened'), 'utf8').trim())

test('a comparison is printed again as its folder has it, and a missing report is written', async () => {
  const cwd = temporaryFolder()
  writeExampleComparison(join(cwd, 'compared'), SMALL)
  const { code, stdout, stderr } = await runTidemark(['show', 'compared'], { cwd })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toContain('gc=5')
  expect(stdout).toContain('compared/report.html')
  expect(existsSync(join(cwd, 'compared/report.html'))).toBe(true)
  const details = await runTidemark(['show', 'compared', '--details'], { cwd })
  expect(details).toMatchObject({ code: 0, stderr: '' })
  const json = await runTidemark(['show', 'compared', '--json'], { cwd })
  expect(JSON.parse(json.stdout).comparison.trials).toHaveLength(4)
})

test('a comparison that still runs is shown as far as it is, and one without a trial says so', async () => {
  const cwd = temporaryFolder()
  const running = { state: 'running' as const, trialsPerSetting: 4 }
  writeExampleComparison(join(cwd, 'half'), SMALL, running)
  const half = await runTidemark(['show', 'half'], { cwd })
  expect(half).toMatchObject({ code: 0, stderr: '' })
  expect(half.stdout.replaceAll(/\s+/g, ' ')).toContain('4 of 8 trials')
  writeExampleComparison(join(cwd, 'begun'), SMALL, { ...running, trials: [] })
  expect(await runTidemark(['show', 'begun'], { cwd })).toMatchObject({
    code: 0,
    stdout: 'begun: no trial has ended yet\n',
  })
})

test('a recording is summed up again, by path and by index', async () => {
  const cwd = temporaryFolder()
  writeExampleRecording(join(cwd, 'before'))
  const byPath = await runTidemark(['show', 'before'], { cwd })
  expect(byPath).toMatchObject({ code: 0, stderr: '' })
  expect(byPath.stdout).toMatch(/250\.0 +exact/)
  expect(await runTidemark(['show', '0'], { cwd })).toEqual(byPath)
  expect(JSON.parse((await runTidemark(['show', '-1', '--json'], { cwd })).stdout).rounds).toHaveLength(2)
})

test('without a name the newest is taken, of comparisons and recordings alike', async () => {
  const cwd = temporaryFolder()
  writeExampleComparison(join(cwd, 'runs/old'), SMALL)
  writeExampleRecording(join(cwd, 'tidemark-20261123204305'))
  expect((await runTidemark(['show'], { cwd })).stderr).toBe('the newest: tidemark-20261123204305\n')
  rmSync(join(cwd, 'tidemark-20261123204305'), { recursive: true })
  expect((await runTidemark(['show'], { cwd })).stderr).toBe('the newest: runs/old\n')
})

test('a suite is shown comparison by comparison', async () => {
  const cwd = temporaryFolder()
  mkdirSync(join(cwd, 'all'))
  writeFileSync(join(cwd, 'all/suite.json'), '{"format":"tidemark-suite/1","plans":[]}')
  for (const name of ['fedavg', 'cyclic']) writeExampleComparison(join(cwd, 'all', name), SMALL, { name })
  const { code, stdout } = await runTidemark(['show', 'all'], { cwd })
  expect(code).toBe(0)
  expect(stdout.indexOf('all/cyclic/report.html')).toBeLessThan(stdout.indexOf('all/fedavg/report.html'))
  const json = await runTidemark(['show', 'all', '--json'], { cwd })
  expect(JSON.parse(json.stdout)).toHaveLength(2)
})

test('--open of a suite opens its index, which is written where there is none', async () => {
  const cwd = temporaryFolder()
  mkdirSync(join(cwd, 'all'))
  writeFileSync(join(cwd, 'all/suite.json'), '{"format":"tidemark-suite/1","plans":[]}')
  for (const name of ['fedavg', 'cyclic']) writeExampleComparison(join(cwd, 'all', name), SMALL, { name })
  expect(await runTidemark(['show', 'all', '--open'], { cwd, env: fakeOpener(cwd) })).toMatchObject({ code: 0 })
  expect(await opened(cwd)).toBe(join(cwd, 'all/index.html'))
  expect(readFileSync(join(cwd, 'all/index.html'), 'utf8')).toContain('href="cyclic/report.html"')
})

test('--open hands the page to the desktop, and says where it is when there is no program for it', async () => {
  const cwd = temporaryFolder()
  writeExampleComparison(join(cwd, 'compared'), SMALL)
  writeExampleRecording(join(cwd, 'recorded'))
  const env = fakeOpener(cwd)
  expect(await runTidemark(['show', 'compared', '--open'], { cwd, env })).toMatchObject({ code: 0 })
  expect(await opened(cwd)).toBe(join(cwd, 'compared/report.html'))
  rmSync(join(cwd, 'opened'))
  expect(await runTidemark(['show', 'recorded', '--open'], { cwd, env })).toMatchObject({ code: 0 })
  expect(await opened(cwd)).toBe(join(cwd, 'recorded/plot.html'))
  const without = await runTidemark(['show', 'compared', '--open'], { cwd, env: { PATH: '/nowhere' } })
  expect(without.code).toBe(3)
  expect(without.stderr).toContain(`file://${join(cwd, 'compared/report.html')}`)
})

test('what is neither is refused with a way to continue', async () => {
  const cwd = temporaryFolder()
  const none = await runTidemark(['show'], { cwd })
  expect(none).toMatchObject({ code: 2, stdout: '' })
  expect(none.stderr).toContain('the current folder holds no comparison and no recording of Tidemark')
  writeFileSync(join(cwd, 'a.csv'), 'round,rss\n1,2\n')
  const table = await runTidemark(['show', 'a.csv'], { cwd })
  expect(table).toMatchObject({ code: 2, stdout: '' })
  expect(table.stderr).toContain('tidemark analyze')
})
