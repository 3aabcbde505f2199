import { expect, test } from 'vitest'
import { ProcessRegistry } from '../../src/recording/processes/process-registry.js'
import { unreadProcess } from '../../src/recording/sampling/open-process.js'

/** Above the largest pid of Linux, so that nothing can be read of it. */
const PID = 5_000_000
const known = { pid: PID, startTicks: 1, parentPid: null }
const launched = { role: 'process', name: 'python3', isNamedByCommand: true, firstSeenMs: 0 }

test('a process that is met in the midst of its exit keeps the command line it was started with', () => {
  const registry = new ProcessRegistry([])
  registry.add({ ...known, ...launched, command: ['python3', '-I', 'job.py'] })
  registry.merge(unreadProcess({ ...known, name: 'python3', command: [] }), { isGone: true })
  expect(registry.all()).toMatchObject([{ command: 'python3 -I job.py', name: 'python3', isGone: true }])
})

test('one that was never read otherwise has the name that the kernel keeps', () => {
  const registry = new ProcessRegistry([])
  registry.merge(unreadProcess({ ...known, name: 'worker', command: [] }), { isGone: true })
  expect(registry.all()).toMatchObject([{ command: 'worker', name: 'worker' }])
})

test('a program that became another one by exec has the new command line', () => {
  const registry = new ProcessRegistry([])
  registry.add({ ...known, ...launched, command: ['sh', '-c', 'exec job'] })
  registry.merge(unreadProcess({ ...known, name: 'job', command: ['job', '--fast'] }), { isGone: false })
  expect(registry.all()).toMatchObject([{ command: 'job --fast', name: 'job' }])
})
