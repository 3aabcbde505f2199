import { mkdirSync, writeFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { findLimit, readLimit } from '../../src/linux/cgroups/memory-limit.js'
import { readCgroupMemory } from '../../src/linux/memory/cgroup.js'
import { temporaryFolder } from '../temporary-folder.js'

const UNLIMITED = '9223372036854771712'

/** A /proc and a cgroup file system in one folder; `<root>` in a text stands for that folder. */
function fixture(files: Record<string, string>): { root: string; proc: string } {
  const root = temporaryFolder()
  for (const [name, text] of Object.entries(files)) {
    const path = join(root, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text.replaceAll('<root>', root))
  }
  return { root, proc: join(root, 'proc') }
}

test('version 1: the lowest limit on the way up binds, and the largest number means none', () => {
  const { root, proc } = fixture({
    'proc/7/cgroup': '4:memory:/jobs/one\n1:cpu:/\n0::/\n',
    'proc/self/mountinfo':
      '31 30 0:28 / <root>/cg/cpu rw - cgroup cgroup rw,cpu\n34 30 0:31 / <root>/cg/memory rw - cgroup cgroup rw,memory\n',
    'cg/memory/memory.limit_in_bytes': UNLIMITED,
    'cg/memory/jobs/memory.limit_in_bytes': '2000000\n',
    'cg/memory/jobs/one/memory.limit_in_bytes': '3000000\n',
    'cg/memory/jobs/one/memory.usage_in_bytes': '700\n',
    'cg/memory/jobs/one/memory.max_usage_in_bytes': '900\n',
    'cg/memory/jobs/one/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 2\n',
    'cg/memory/jobs/one/cgroup.procs': '7\n8\n',
  })
  expect(readCgroupMemory(7, proc)).toEqual({
    version: 1,
    folder: `${root}/cg/memory/jobs/one`,
    limitBytes: 2_000_000,
    currentBytes: 700,
    peakBytes: 900,
    oomKills: 2,
    pids: [7, 8],
  })
})

test('version 2 in a container: its own cgroup is the root of the mount', () => {
  const { root, proc } = fixture({
    'proc/7/cgroup': '0::/docker/abc/worker\n',
    'proc/self/mountinfo': '30 22 0:27 /docker/abc <root>/cg rw,nosuid - cgroup2 cgroup2 rw\n',
    'cg/memory.max': '5000000\n',
    'cg/worker/memory.max': 'max\n',
    'cg/worker/memory.current': '700\n',
    'cg/worker/memory.peak': '900\n',
    'cg/worker/memory.events': 'low 0\nhigh 0\nmax 3\noom 1\noom_kill 1\n',
    'cg/worker/cgroup.procs': '7\n',
  })
  expect(readCgroupMemory(7, proc)).toEqual({
    version: 2,
    folder: `${root}/cg/worker`,
    limitBytes: 5_000_000,
    currentBytes: 700,
    peakBytes: 900,
    oomKills: 1,
    pids: [7],
  })
})

test('an older kernel without memory.peak, and a cgroup without limits, give null and not zero', () => {
  const { proc } = fixture({
    'proc/7/cgroup': '0::/\n',
    'proc/self/mountinfo': '30 22 0:27 / <root>/cg rw - cgroup2 cgroup2 rw\n',
    'cg/memory.current': '700\n',
  })
  expect(readCgroupMemory(7, proc)).toMatchObject({ limitBytes: null, currentBytes: 700, peakBytes: null, pids: null })
})

test('the cgroup of another container is not seen from here, and is not taken for our own', () => {
  const files = {
    'proc/self/cgroup': '0::/\n',
    'proc/7/cgroup': '0::/../other\n',
    'proc/8/cgroup': '0::/\n',
    'proc/self/mountinfo': '30 22 0:27 / <root>/cg rw,nosuid - cgroup2 cgroup2 rw\n',
    'cg/memory.max': '5000000\n',
    'cg/memory.current': '700\n',
  }
  const { proc } = fixture(files)
  expect(readCgroupMemory(7, proc)).toBeNull()
  expect(readCgroupMemory(8, proc)).toMatchObject({ limitBytes: 5_000_000 })
  const host = fixture({
    ...files,
    'proc/self/cgroup': '0::/docker/abc\n',
    'proc/7/cgroup': '0::/docker/xyz\n',
    'proc/self/mountinfo': '30 22 0:27 /docker/abc <root>/cg rw - cgroup2 cgroup2 rw\n',
  })
  expect(readCgroupMemory(7, host.proc)).toBeNull()
  expect(readCgroupMemory('self', host.proc)).toMatchObject({ limitBytes: 5_000_000 })
})

test('what counts against the limit is what cannot be reclaimed, of the cgroup that has the limit', () => {
  const { root } = fixture({
    'v1/memory.limit_in_bytes': '3000000\n',
    'v1/memory.usage_in_bytes': '1000000\n',
    'v1/memory.stat': 'inactive_file 1\nactive_file 2\ntotal_inactive_file 300000\ntotal_active_file 50000\n',
    'v1/one/memory.limit_in_bytes': UNLIMITED,
    'v1/one/memory.usage_in_bytes': '7\n',
    'v2/memory.max': '3000000\n',
    'v2/memory.current': '1000000\n',
    'v2/memory.stat': 'anon 5\ninactive_file 300000\nactive_file 50000\n',
    'v2/one/memory.max': '3000000\n',
    'v2/two/memory.max': 'max\n',
  })
  const limitAt = (version: 1 | 2, path: string) =>
    readLimit(findLimit({ version, mountPoint: `${root}/v${version}`, folder: `${root}/v${version}/${path}` }))
  const expected = { of: 'cgroup', bytes: 3_000_000, usedBytes: 650_000 }
  expect(limitAt(1, 'one')).toEqual(expected)
  expect(limitAt(2, 'one')).toEqual(expected)
  expect(limitAt(2, 'two')).toEqual(expected)
  expect(readLimit(null)).toMatchObject({ of: 'machine', bytes: totalmem() })
  expect(readLimit({ version: 2, folder: join(root, 'none'), bytes: 9 })).toMatchObject({ bytes: 9, usedBytes: null })
})

test('without cgroups there is none', () => {
  const { proc } = fixture({ 'proc/self/mountinfo': '22 1 0:20 / / rw - ext4 /dev/sda rw\n', 'proc/7/cgroup': '' })
  expect(readCgroupMemory(7, proc)).toBeNull()
  expect(readCgroupMemory(8, proc)).toBeNull()
})
