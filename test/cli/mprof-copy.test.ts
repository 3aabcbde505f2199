import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { importRecording } from '../../src/recording/formats/imported-recording.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark } from '../tidemark.js'

const TWO_ROUNDS = `
  const rounds = [1, 2]
  const next = () => {
    console.log('Round ' + rounds[0] + ' started')
    rounds.shift()
    setTimeout(rounds.length > 0 ? next : () => {}, 150)
  }
  next()`

test('run --format mprof writes a .dat file beside the folder, with the rounds that were found', async () => {
  const cwd = temporaryFolder()
  const args = [
    'run',
    '--format',
    'mprof',
    '--rounds',
    'Round (\\d+) started',
    '--',
    process.execPath,
    '-e',
    TWO_ROUNDS,
  ]
  const { code, stderr } = await runTidemark(args, { cwd })
  expect(code).toBe(0)
  const [file = '', folder = ''] = readdirSync(cwd).sort()
  expect(file).toBe(`${folder.replace('tidemark-', 'mprofile_')}.dat`)
  expect(stderr).toContain(`tidemark: for mprof: ${file}\n`)
  const [copy, original] = [importRecording(join(cwd, file)), importRecording(join(cwd, folder))]
  expect(original.rounds.length).toBeGreaterThan(0)
  expect(copy.rounds.map(({ round, peakBytes }) => [round, peakBytes])).toEqual(
    original.rounds.map(({ round, peakBytes }) => [round, peakBytes]),
  )
  expect(copy.processes).toEqual(original.processes)
})

test('a .dat file that is there already is refused before the command is started', async () => {
  const cwd = temporaryFolder()
  writeFileSync(join(cwd, 'mine.dat'), 'mine')
  const args = ['run', '--format', 'mprof', '--out', 'mine', '--', 'touch', 'started']
  const { code, stderr } = await runTidemark(args, { cwd })
  expect(code).toBe(2)
  expect(stderr).toContain('tidemark: mine.dat is already there\n')
  expect(existsSync(join(cwd, 'started'))).toBe(false)
  expect(readFileSync(join(cwd, 'mine.dat'), 'utf8')).toBe('mine')
})
