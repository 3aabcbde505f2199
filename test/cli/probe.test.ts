import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { readRecording } from '../../src/recording/storage/read-recording.js'
import type { Comparison } from '../../src/results/comparison.js'
import { MIB } from '../../src/shared/units.js'
import { needs } from '../optional-parts.js'
import { PYTHON } from '../python.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark } from '../tidemark.js'

const fixture = (path: string) => fileURLToPath(new URL(`../fixtures/${path}`, import.meta.url))
/** The library is built into a folder of the test's, and not into the user's own cache. */
const withCache = (cache = temporaryFolder()) => ({ env: { XDG_CACHE_HOME: cache } })

async function compare(...args: string[]): Promise<{ stdout: string; comparison: Comparison }> {
  const out = join(temporaryFolder(), 'results')
  const { code, stdout, stderr } = await runTidemark(
    ['compare', ...args, '--trials', '1', '--details', '--out', out],
    withCache(),
  )
  expect(code, stderr).toBe(0)
  return { stdout, comparison: JSON.parse(readFileSync(join(out, 'comparison.json'), 'utf8')) }
}

test(
  'arenas that fragment are retained, and a leak is the rest, also behind a shell, and on the way in trials of their own',
  needs('C compiler'),
  async () => {
    const { stdout, comparison } = await compare(
      ...['--command', `/bin/sh -c '${PYTHON} ${fixture('servers')}/{server}.py --rounds 8; exit $?'`],
      ...['-L', 'server', 'leaks,fragments_arenas'],
      ...['--rounds', 'nvflare', '--role', 'server=^[^ ]*python', '--probe', '--probe-every', '4'],
    )
    const parts = (server: string) =>
      comparison.trials.find(({ setting }) => setting === `server=${server}`)!.attribution!
    const [fragments, leaks] = [parts('fragments_arenas'), parts('leaks')]
    expect(fragments.retainedBytes).toBeGreaterThan(fragments.rssBytes / 2) // eight arenas, each pinned on top
    expect(leaks.retainedBytes).toBeLessThan(4 * MIB)
    expect(leaks.liveBytes).toBeGreaterThan(32 * MIB)
    for (const { rssBytes, retainedBytes, garbageBytes, liveBytes, allocator } of [fragments, leaks]) {
      expect(garbageBytes).toBe(null)
      expect(retainedBytes + liveBytes).toBe(rssBytes)
      expect(allocator).toMatchObject({ allocator: 'glibc', freeBytes: expect.any(Number) })
    }
    expect(stdout).toMatch(/is retained by the allocator; the rest, [\d.]+ MiB, is live or garbage/)
    expect(stdout).toContain('Most of its growth is live or garbage, which the allocator cannot give back')

    expect(comparison.trials.map(({ probes }) => probes)).toEqual([undefined, undefined])
    const onTheWay = (server: string) =>
      comparison.probeTrials!.find(({ setting }) => setting === `server=${server}`)!.probes!
    const [first, second] = onTheWay('leaks')
    expect([first!.round, second!.round]).toEqual([4, 8])
    expect(Math.abs((second!.liveBytes - first!.liveBytes) / MIB - 16)).toBeLessThan(2) // 4 MiB a round, for four rounds
    expect(onTheWay('fragments_arenas')[0]!.retainedBytes).toBeGreaterThan(fragments.retainedBytes / 4)
  },
)

test('the probe stands beside a preloaded allocator', needs('jemalloc', 'C compiler'), async () => {
  const { comparison } = await compare(
    ...['--command', `${PYTHON} ${fixture('servers/leaks.py')} --rounds 2`, '--allocator', 'jemalloc'],
    ...['--rounds', 'nvflare', '--probe', '--role', 'server=leaks'],
  )
  expect(comparison.trials[0]!.attribution).toMatchObject({ allocator: { allocator: 'jemalloc' } })
})

test('a forked child and a started program have nothing of the probe', needs('C compiler'), async () => {
  const folder = join(temporaryFolder(), 'recording')
  const cache = temporaryFolder()
  const { code, stdout, stderr } = await runTidemark(
    [
      ...['run', '--probe', '--probe-round', '1', '--rounds', 'end:round (\\d+) done', '--out', folder, '--'],
      ...[PYTHON, fixture('probe/forks.py')],
    ],
    withCache(cache),
  )
  expect(code, stderr).toBe(0)
  expect(JSON.parse(stdout.split('\n')[0]!)).toEqual({
    self: { threads: 2, sockets: 1 },
    child: { threads: 1, sockets: 0 },
    program: [],
  })
  expect(readRecording(folder).attribution).toMatchObject([{ garbageBytes: null }])
  expect(stderr).toMatch(/when the work was done: [\d.]+ \w+ retained by the allocator, [\d.]+ \w+ live or garbage/)
  expect(
    readdirSync(join(cache, 'tidemark')).filter(
      (name) => !/^tidemark-(probe|sampling-loop)-[0-9a-f]{16}\.so$/.test(name),
    ),
  ).toEqual([])
})

test(
  'of a server that is a fork its launcher is not probed in its place: no split, and why',
  needs('C compiler'),
  async () => {
    const program = join(temporaryFolder(), 'forks.py')
    writeFileSync(
      program,
      `import os, time
if os.fork() == 0:
    kept = []
    for i in range(3):
        print(f'Round {i} started.', flush=True)
        kept.append(bytearray(20 << 20))
        time.sleep(0.3)
    print('Finished FedAvg.', flush=True)
    time.sleep(1)
    os._exit(0)
os.wait()
`,
    )
    const { comparison } = await compare(
      ...['--command', `${PYTHON} ${program}`, '--rounds', 'nvflare', '--role', 'server=forks.py', '--probe'],
    )
    const [trial] = comparison.trials
    expect(trial!.rounds.filter(({ role }) => role === 'server').length).toBeGreaterThan(0)
    expect(trial!.attribution).toBe(null)
    expect(trial!.warnings.join('\n')).toMatch(/probe does not answer in the server \(pid \d+\): .*a fork of a program/)
  },
)

test(
  'into a statically linked program no probe can be loaded, and a warning says so',
  needs('C compiler'),
  async () => {
    const folder = temporaryFolder()
    const source = join(folder, 'server.c')
    const program = join(folder, 'server')
    writeFileSync(
      source,
      '#include <unistd.h>\nint main(void) { write(1, "round 1 done\\n", 13); sleep(3); return 0; }\n',
    )
    const built = spawnSync('cc', ['-static', '-o', program, source], { encoding: 'utf8' })
    expect(built.status, built.stderr).toBe(0)
    const { code, stderr } = await runTidemark(
      [
        ...['run', '--probe', '--probe-round', '1', '--rounds', 'end:round (\\d+) done', '--out', join(folder, 'out')],
        ...['--', program],
      ],
      withCache(),
    )
    expect(code).toBe(0)
    expect(stderr).toMatch(/The probe could not be loaded into the process \(pid \d+\): it is statically linked/i)
  },
)

test('without a C compiler nothing is started', async () => {
  const bin = join(temporaryFolder(), 'bin')
  mkdirSync(bin)
  symlinkSync('/bin/sh', join(bin, 'sh'))
  const { code, stderr } = await runTidemark(
    ['compare', '--command', 'sh -c true', '--probe', '--rounds', 'nvflare', '--role', 'server=sh'],
    { env: { PATH: bin, CC: '' } },
  )
  expect(code).toBe(2)
  expect(stderr).toContain(
    '--probe needs a C compiler to build its library, and there is none: no cc, gcc, clang in PATH',
  )
})

test('a command is probed on the way only with the library for it', async () => {
  const { code, stderr } = await runTidemark(['compare', '--command', 'sh -c true', '--probe-every', '5'])
  expect(code).toBe(2)
  expect(stderr).toContain('--probe-every: sh runs a command, which only the library of --probe can probe')
  expect(stderr).toContain('Give --probe too (probe: true in a definition), or leave --probe-every out.')
})

test('a probe that nothing would set off is refused', async () => {
  const { code, stderr } = await runTidemark([
    ...['compare', '--command', 'sh -c true', '--probe', '--rounds', 'Round (\\d+) started'],
  ])
  expect(code).toBe(2)
  expect(stderr).toContain('workload.probe: nothing reports when the work is done')
})
