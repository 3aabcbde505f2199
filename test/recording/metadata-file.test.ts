import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readMachineFacts } from '../../src/linux/machine.js'
import type { RecordingMetadata } from '../../src/recording/recording.js'
import { writeMetadata } from '../../src/recording/storage/metadata-file.js'
import { readMetadata } from '../../src/recording/storage/read-recording.js'
import { temporaryFolder } from '../temporary-folder.js'

const HEAD: RecordingMetadata = {
  format: 'tidemark-recording/1',
  command: ['python3', 'job.py'],
  setting: { arenaMax: 4 },
  startedMs: 1,
  endedMs: null,
  state: 'running',
  reason: null,
  machine: readMachineFacts(),
  sampling: {
    askedIntervalMs: 50,
    achievedIntervalMs: null,
    samples: 0,
    readings: { read: 0, gone: 0, unreadable: 0 },
  },
  processes: [],
}

test('a head that was written reads back the same', () => {
  const folder = temporaryFolder()
  expect(writeMetadata(folder, HEAD)).toBeNull()
  expect(readMetadata(folder)).toEqual(HEAD)
})

test('without room for a second file the new head goes into the blocks of the old one', () => {
  const folder = temporaryFolder()
  writeMetadata(folder, HEAD)
  const before = readFileSync(join(folder, 'recording.json')).length
  mkdirSync(join(folder, 'recording.json.part')) // no new file can be made, as on a full disk
  expect(writeMetadata(folder, { ...HEAD, state: 'failed', reason: 'the disk is full' })).toBeNull()
  expect(readMetadata(folder)).toMatchObject({ state: 'failed', reason: 'the disk is full' })
  expect(readFileSync(join(folder, 'recording.json'))).toHaveLength(before)
  expect(writeMetadata(folder, { ...HEAD, reason: 'x'.repeat(10_000) })).toMatch(/EISDIR/)
})

test('a folder without a recording, and a head of another kind, are named with what is wrong', () => {
  const folder = temporaryFolder()
  expect(() => readMetadata(folder)).toThrow(`${folder} holds no recording: there is no recording.json in it`)
  writeMetadata(folder, { ...HEAD, format: 'tidemark-recording/9' as never })
  expect(() => readMetadata(folder)).toThrow('is no recording of this version: format: found "tidemark-recording/9"')
})
