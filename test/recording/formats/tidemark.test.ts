import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { importRecording } from '../../../src/recording/formats/imported-recording.js'
import { temporaryFolder } from '../../temporary-folder.js'
import { MIB, writeExampleRecording } from '../example-recording.js'

test('a recording with peaks that the kernel did not tell is given its highest samples', () => {
  const folder = join(temporaryFolder(), 'tidemark-20261123204305')
  writeExampleRecording(folder)
  const head = JSON.parse(readFileSync(join(folder, 'recording.json'), 'utf8'))
  head.processes[0].peakBytes = null
  head.state = 'running'
  writeFileSync(join(folder, 'recording.json'), JSON.stringify(head))
  const marks = readFileSync(join(folder, 'marks.ndjson'), 'utf8').replaceAll(/"peakBytes":\d+/g, '"peakBytes":null')
  writeFileSync(join(folder, 'marks.ndjson'), marks)
  const { processes, rounds, notes } = importRecording(folder)
  expect(processes[0]).toMatchObject({ pid: 100, peakBytes: 200 * MIB, peakKind: 'sampled' })
  expect(rounds.map(({ peakBytes, peakKind }) => [peakBytes! / MIB, peakKind])).toEqual([
    [200, 'sampled'],
    [120, 'sampled'], // the reading at the boundary, when the work was done,
  ])
  expect(notes).toEqual([expect.stringContaining('the recording has no end')])
})
