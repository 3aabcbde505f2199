import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test, vi } from 'vitest'
import { countOpenFiles } from '../../src/linux/files/open-files.js'
import { readCommandLine } from '../../src/linux/process/command-line.js'
import { descendantsOf } from '../../src/linux/process/descendants.js'
import { carriers } from '../../src/linux/process/environment.js'

test('children and grandchildren are found, parents first, and an orphan by the variable it carries', async () => {
  // The subshell's child is orphaned at once; the inner shell and its child stay in the tree.
  const script = '(tail -f /dev/null & echo orphan $!); sh -c "tail -f /dev/null & echo up; wait" & wait'
  const child = spawn('sh', ['-c', script], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TREE_TEST: `of-${process.pid}` },
  })
  onTestFinished(() => void process.kill(-child.pid!, 'SIGKILL'))
  let output = ''
  for await (const chunk of child.stdout) {
    output += chunk
    if (output.includes('up') && output.includes('orphan')) break
  }
  const orphan = Number(/orphan (\d+)/.exec(output)![1])
  // A forked child is a second `sh` until it has become what it runs.
  await vi.waitFor(() => {
    expect(descendantsOf(child.pid!).map(({ name }) => name)).toEqual(['sh', 'tail'])
    expect(readCommandLine(orphan)).toEqual(['tail', '-f', '/dev/null'])
  }, 10_000)
  expect(carriers(`TREE_TEST=of-${process.pid}`)).toHaveLength(4)
  expect(carriers(`TREE_TEST=of-${process.pid}`)).toContain(orphan)
  expect(countOpenFiles(orphan)).toBeGreaterThanOrEqual(3)
})

test('a process that has ended has no command line, no open files and no descendants', async () => {
  const child = spawn('true')
  await once(child, 'exit')
  expect(readCommandLine(child.pid!)).toBeNull()
  expect(countOpenFiles(child.pid!)).toBeNull()
  expect(descendantsOf(child.pid!)).toEqual([])
})
