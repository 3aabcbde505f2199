import { expect, test } from 'vitest'
import { installCommand } from '../../src/doctor/install-command.js'

test.each([
  ['ID=debian', 'apt-get install libjemalloc2', 'apt-get install python3-memory-profiler'],
  ['ID=ubuntu\nID_LIKE=debian', 'apt-get install libjemalloc2', 'apt-get install python3-memory-profiler'],
  ['ID="rocky"\nID_LIKE="rhel centos fedora"', 'dnf install jemalloc', 'dnf install python3-memory-profiler'],
  ['ID=alpine', 'apk add jemalloc', 'pip install memory-profiler'],
  ['ID=plan9', undefined, 'pip install memory-profiler'],
])('on %s the command is the one of that system', (osRelease, jemalloc, mprof) => {
  expect(installCommand('jemalloc', osRelease)).toBe(jemalloc)
  expect(installCommand('mprof', osRelease)).toBe(mprof)
})
