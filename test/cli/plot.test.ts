import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { writeExampleRecording } from '../recording/example-recording.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark } from '../tidemark.js'

const SAMPLES = `${process.cwd()}/test/fixtures/samples`

function folderOfRecordings(): string {
  const cwd = temporaryFolder()
  copyFileSync(`${SAMPLES}/mprof_plain.dat`, join(cwd, 'mprofile_20250101000000.dat'))
  copyFileSync(`${SAMPLES}/mprof_profile_funcs.dat`, join(cwd, 'mprofile_20250101000001.dat'))
  writeExampleRecording(join(cwd, 'tidemark-20261123204305'))
  return cwd
}

describe('without -o', () => {
  test('the terminal shows a chart of the newest recording with its processes, rounds and slope', async () => {
    const { code, stdout, stderr } = await runTidemark(['plot', '--slope'], { cwd: folderOfRecordings() })
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'the newest recording: tidemark-20261123204305\n' })
    const lines = stdout.split('\n')
    expect(lines[0]).toBe("python3 'my server.py'")
    expect(lines[1]).toMatch(/^RSS \(MiB\) .* all processes .* server .* site-1 .*\(highest 240\.0 MiB\)$/)
    expect(lines.at(-3)).toMatch(/^slope of tidemark-20261123204305: [+-]\d+\.\d [KM]iB a second$/)
    expect(lines.at(-2)).toBe('rounds 1 to 2, from 0.0 s to 1.8 s')
    expect(stdout).not.toContain('\u001b')
  })

  test('the functions that mprof timed are named, unless -n hides them', async () => {
    const cwd = folderOfRecordings()
    const { stdout } = await runTidemark(['plot', '1'], { cwd })
    expect(stdout).toMatch(/\nfunctions: grow 453 ms \(at 0\.4 s\), /)
    const hidden = await runTidemark(['plot', '1', '-n'], { cwd })
    expect(hidden.stdout).not.toContain('functions')
  })
})

describe('with -o', () => {
  test.each([
    ['plot.svg', /^<svg [\s\S]*<\/svg>\n$/],
    ['plot.png', /^.PNG/],
    ['plot.html', /^<!doctype html>[\s\S]*<\/html>\n$/],
  ])('%s is written in the format of its name, and its path is printed', async (out, content) => {
    const cwd = folderOfRecordings()
    expect(await runTidemark(['plot', '-1', '-o', out], { cwd })).toMatchObject({ code: 0, stdout: `${out}\n` })
    expect(readFileSync(join(cwd, out), 'latin1')).toMatch(content)
  })

  test('a file that is there is left as it is without --force', async () => {
    const cwd = folderOfRecordings()
    writeFileSync(join(cwd, 'plot.svg'), 'mine')
    const refused = await runTidemark(['plot', '-o', 'plot.svg'], { cwd })
    expect(refused).toMatchObject({ code: 2, stdout: '' })
    expect(refused.stderr).toContain('tidemark: plot.svg is already there\n')
    expect(readFileSync(join(cwd, 'plot.svg'), 'utf8')).toBe('mine')
    expect(await runTidemark(['plot', '-o', 'plot.svg', '--force'], { cwd })).toMatchObject({ code: 0 })
    expect(readFileSync(join(cwd, 'plot.svg'), 'utf8')).toMatch(/^<svg/)
  })

  test('one recording is drawn with title, slope, rounds and exact peaks', async () => {
    const cwd = folderOfRecordings()
    await runTidemark(['plot', '-1', '-o', 'plot.svg', '--slope', '-t', 'a <title> & more'], { cwd })
    const svg = readFileSync(join(cwd, 'plot.svg'), 'utf8')
    for (const text of ['>a &lt;title&gt; &amp; more<', 'round 1', 'exact peak', 'all processes', 'site-1'])
      expect(svg).toContain(text)
    expect(svg).not.toContain('a <title>')
    expect(svg).toMatch(/slope: -?\d+\.\d [KM]iB a second/)
  })

  test('several are laid over one another, each with its slope in the legend', async () => {
    const cwd = folderOfRecordings()
    await runTidemark(['plot', '0', '1', '-1', '-s', '-o', 'plot.svg'], { cwd })
    const svg = readFileSync(join(cwd, 'plot.svg'), 'utf8')
    expect(svg).toContain('3 recordings')
    expect(svg).toMatch(/mprofile_20250101000000\.dat \([+-]\d/)
    expect(svg).not.toContain('site-1')
  })

  test.each([
    ['plot.pdf', 'tidemark: --out: found "plot.pdf", expected a name that ends in .svg, .png, .html\n'],
    ['no/such/folder/plot.svg', 'cannot write no/such/folder/plot.svg'],
  ])('%s is refused', async (out, message) => {
    const finished = await runTidemark(['plot', '-o', out], { cwd: folderOfRecordings() })
    expect(finished.code).not.toBe(0)
    expect(finished.stderr).toContain(message)
  })
})

describe('--window', () => {
  test('draws a part of the time', async () => {
    const cwd = folderOfRecordings()
    const { stdout } = await runTidemark(['plot', '-1', '-w', '0.8,1.5'], { cwd })
    expect(stdout).toContain('(highest 155.0 MiB)') // 115 + 40, after the spike of 240
  })

  test.each(['5', '5,1', '1,2,3', 'a,b'])('"%s" is no window', async (window) => {
    const finished = await runTidemark(['plot', '--window', window], { cwd: folderOfRecordings() })
    expect(finished).toMatchObject({ code: 2, stdout: '' })
    expect(finished.stderr).toContain(`--window: found "${window}", expected two times with a comma between`)
  })

  test('without a reading in it is reported as such', async () => {
    const finished = await runTidemark(['plot', '--window', '100,200'], { cwd: folderOfRecordings() })
    expect(finished).toMatchObject({ code: 2 })
    expect(finished.stderr).toContain('holds no reading between 100 s and 200 s')
  })
})

describe('a table of rounds', () => {
  const table = ['round,client,rss_mib', ...[1, 2, 3].flatMap((i) => [`${i},site-1,${100 * i}`, `${i},site-2,50`])]

  test('is drawn over rounds, a line for each series, and says what was taken for what', async () => {
    const cwd = temporaryFolder()
    writeFileSync(join(cwd, 'rounds.csv'), `${table.join('\n')}\n`)
    const { code, stdout, stderr } = await runTidemark(['plot', 'rounds.csv', '--slope'], { cwd })
    expect(code).toBe(0)
    expect(stdout).toContain('rounds.csv (site-1)')
    expect(stdout).toContain('slope of rounds.csv (site-1): +100.0 MiB a round')
    expect(stdout).toMatch(/^ +1 +2 +3 round$/m)
    expect(stderr).toContain('note: read: rounds from "round", memory from "rss_mib" (MiB), series by "client"')
  })

  test('is written as a figure with an axis of rounds', async () => {
    const cwd = temporaryFolder()
    writeFileSync(join(cwd, 'rounds.csv'), `${table.join('\n')}\n`)
    const { code } = await runTidemark(['plot', 'rounds.csv', '--sum', '-o', 'rounds.svg'], { cwd })
    expect(code).toBe(0)
    const figure = readFileSync(join(cwd, 'rounds.svg'), 'utf8')
    expect(figure).toContain('RSS over rounds')
    expect(figure).not.toContain('time (s)')
  })

  test('has no axis in common with a recording over time', async () => {
    const cwd = temporaryFolder()
    writeFileSync(join(cwd, 'rounds.csv'), 'round,rss\n1,100\n2,110\n')
    writeFileSync(join(cwd, 'times.csv'), 'time,rss\n1,100\n2,110\n')
    const { code, stderr } = await runTidemark(['plot', 'rounds.csv', 'times.csv'], { cwd })
    expect(code).toBe(2)
    expect(stderr).toContain('times.csv is over time and rounds.csv over rounds, so they have no axis in common')
  })
})
