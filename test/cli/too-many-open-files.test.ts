import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readRecording } from '../../src/recording/storage/read-recording.js'
import { temporaryFolder } from '../temporary-folder.js'
import { PROGRAM } from '../tidemark.js'

test('processes that the limit of open files keeps from being read are counted with the reason', () => {
  const out = join(temporaryFolder(), 'recording')
  // Ends when the recorder has opened all that it may, and has looked again since.
  const full = 'until [ $(ls /proc/$PPID/fd | wc -l) -ge 66 ]; do sleep 0.1; done; sleep 1; kill $(jobs -p)'
  const many = `for i in $(seq 60); do sleep 1000 & done; ${full}`
  const command = `ulimit -n 70; exec "$0" "$1" run --out ${out} -- sh -c '${many}'`
  const { stderr, status } = spawnSync('sh', ['-c', command, process.execPath, PROGRAM], { encoding: 'utf8' })
  expect(status, stderr).toBe(0)
  const { unreadable, unreadableCodes } = readRecording(out).head.sampling.processes!
  expect(unreadable).toBeGreaterThan(0)
  expect(unreadableCodes).toEqual({ EMFILE: unreadable })
  expect(stderr).toContain('with EMFILE, too many open files in the recorder: raise the limit with ulimit -n')
})
