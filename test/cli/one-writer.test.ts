import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { pollUntil } from '../../src/launch/poll.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark, startTidemark } from '../tidemark.js'

test('a comparison that runs cannot be resumed by another process, which says who runs it', async () => {
  const cwd = temporaryFolder()
  const job = ['compare', '--command', 'sh -c "sleep 4"', '--role', 'server=sh', '--trials', '2', '--out', 'it']
  const { child, finished } = startTidemark(job, { cwd })
  const trials = join(cwd, 'it', 'trials')
  const hasBegun = () => {
    try {
      return readdirSync(trials).length > 0
    } catch {
      return false
    }
  }
  expect(await pollUntil(hasBegun, 20_000)).toBe(true)
  const second = await runTidemark(['compare', '--resume', 'it'], { cwd })
  expect(second.code).toBe(2)
  expect(second.stderr).toContain(`it is being written by pid ${child.pid}`)
  const third = await runTidemark(job, { cwd })
  expect(third.code).toBe(2)
  expect((await finished).code).toBe(0)
  const { trials: done, state } = JSON.parse(readFileSync(join(cwd, 'it', 'comparison.json'), 'utf8'))
  expect(state).toBe('completed')
  expect(done.map(({ state: of, rounds }: { state: string; rounds: unknown[] }) => [of, rounds.length])).toEqual([
    ['completed', 1],
    ['completed', 1],
  ])
  const after = await runTidemark(['compare', '--resume', 'it'], { cwd })
  expect(after.code).toBe(0)
})

test('recordings that begin in the same second have a folder each', async () => {
  const cwd = temporaryFolder()
  const all = await Promise.all(
    [1, 2, 3, 4].map((n) => runTidemark(['run', '--', 'sh', '-c', `sleep 0.${n}`], { cwd })),
  )
  expect(all.map(({ code }) => code)).toEqual([0, 0, 0, 0])
  expect(readdirSync(cwd).filter((name) => /^tidemark-\d{14}$/.test(name))).toHaveLength(4)
})

test('a folder that is being recorded into is refused to another recorder', async () => {
  const cwd = temporaryFolder()
  const first = startTidemark(['run', '--out', 'it', '--', 'sleep', '3'], { cwd })
  const isThere = () => {
    try {
      return readdirSync(join(cwd, 'it')).includes('recording.json')
    } catch {
      return false
    }
  }
  expect(await pollUntil(isThere, 20_000)).toBe(true)
  const second = await runTidemark(['run', '--out', 'it', '--force', '--', 'true'], { cwd })
  expect(second.code).toBe(2)
  expect(second.stderr).toContain(`it is being recorded by pid ${first.child.pid}`)
  expect((await first.finished).code).toBe(0)
})
