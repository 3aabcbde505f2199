/** A sum of RSS counts pages twice that a forked process shares with its parent: sums and limits must not. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readTidemark } from '../../src/recording/formats/tidemark.js'
import { readRecording } from '../../src/recording/storage/read-recording.js'
import { PYTHON } from '../python.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark } from '../tidemark.js'

const MIB = 2 ** 20
const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))

/** The curve of the whole tree, in MiB. */
function sumsOf(folder: string): number[] {
  return [...readTidemark(folder)].flatMap((event) =>
    event.kind === 'reading' && event.pid === null ? [event.rssBytes! / MIB] : [],
  )
}

describe('a server that starts small helpers', () => {
  it.each(['run', 'fork', 'spawn'])('by %s has no tree larger than itself and a helper', async (how) => {
    const folder = join(temporaryFolder(), 'recording')
    const command = [PYTHON, fixture('starts-helpers.py'), how, '40']
    const { code, stderr } = await runTidemark(['run', '--rate', '500', '-o', folder, '--', ...command])
    expect({ code, stderr }).toMatchObject({ code: 0 })
    const { head } = readRecording(folder)
    const server = head.processes.find(({ command }) => command.includes('starts-helpers.py'))!
    expect(head.treePeak!.rssBytes / MIB).toBeGreaterThan(200)
    expect(head.treePeak!.rssBytes / MIB).toBeLessThan(225)
    expect(Math.max(...sumsOf(folder))).toBeLessThan(225)
    // What it was before it became another program is its parent's memory.
    for (const process of head.processes)
      if (process !== server && process.peakBytes !== null) expect(process.peakBytes / MIB).toBeLessThan(25)
  })

  it.each(['run', 'fork', 'spawn'])('by %s is not ended by a limit that it never reaches', async (how) => {
    const folder = join(temporaryFolder(), 'recording')
    const command = [PYTHON, fixture('starts-helpers.py'), how, '40']
    const limit = ['--rss-limit', '300MiB', '--rate', '500']
    const { code, stderr } = await runTidemark(['run', ...limit, '-o', folder, '--', ...command])
    expect({ code, stderr }).toMatchObject({ code: 0 })
  })
})

describe('workers that were forked', () => {
  it('count the pages that they share once, in the peak, in the curve and against a limit', async () => {
    const folder = join(temporaryFolder(), 'recording')
    const command = [PYTHON, fixture('forks-workers.py'), '1.5']
    const limit = ['--rss-limit', '200MiB', '--rate', '100']
    const { code, stderr } = await runTidemark(['run', ...limit, '-o', folder, '--', ...command])
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(stderr).toContain('pages that they share count once')
    const { treePeak } = readRecording(folder).head
    expect(treePeak!.rssBytes / MIB).toBeGreaterThan(110)
    expect(treePeak!.rssBytes / MIB).toBeLessThan(150)
    expect(Math.max(...sumsOf(folder))).toBeGreaterThan(110)
    expect(Math.max(...sumsOf(folder))).toBeLessThan(150)
  })

  it('are ended by a limit that they really pass', async () => {
    const folder = join(temporaryFolder(), 'recording')
    const command = [PYTHON, fixture('forks-workers.py'), '20']
    const { code, stderr } = await runTidemark(['run', '--rss-limit', '110MiB', '-o', folder, '--', ...command])
    expect(code).toBe(3)
    expect(stderr).toMatch(/its tree reached 1[1-4]\d\.\d MiB, over the limit of 110\.0 MiB/)
  })
})
