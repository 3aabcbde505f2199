import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export const MIB = 2 ** 20
export const STARTED_MS = 1_795_467_785_000

/** A recording's folder as the recorder leaves it: a server and a client, 20 samples, two rounds of the server with exact peaks. */
export function writeExampleRecording(folder: string, head: Record<string, unknown> = {}): void {
  mkdirSync(folder)
  const process = (pid: number, name: string, peakMib: number) => ({
    pid,
    startTicks: pid,
    parentPid: 1,
    role: name === 'server' ? 'server' : 'client',
    name,
    command: name,
    firstSeenMs: STARTED_MS,
    lastSeenMs: STARTED_MS + 1900,
    allocator: 'glibc',
    peakBytes: peakMib * MIB,
    peakKind: 'exact',
    exit: { code: 0, signal: null },
  })
  const whole = {
    format: 'tidemark-recording/1',
    command: ['python3', 'my server.py'],
    setting: { arenaMax: 4 },
    startedMs: STARTED_MS,
    endedMs: STARTED_MS + 2000,
    state: 'completed',
    reason: null,
    machine: { hostname: 'example', kernel: 'Linux 6.1', memoryBytes: 2 ** 34 },
    sampling: {
      askedIntervalMs: 100,
      achievedIntervalMs: 100,
      samples: 20,
      readings: { read: 40, gone: 0, unreadable: 0 },
    },
    processes: [process(100, 'server', 250), process(101, 'site-1', 50)],
    ...head,
  }
  writeFileSync(join(folder, 'recording.json'), JSON.stringify(whole))
  const samples = Array.from({ length: 20 }, (_, i) => {
    const serverMib = i === 7 ? 200 : 100 + i
    return JSON.stringify([STARTED_MS + i * 100, 100, serverMib * MIB, 101, 40 * MIB])
  })
  writeFileSync(join(folder, 'samples.ndjson'), `${samples.join('\n')}\n`)
  const memory = (mib: number) => ({
    rssBytes: mib * MIB,
    rssAnonBytes: mib * MIB,
    rssFileBytes: 0,
    rssShmemBytes: 0,
  })
  const marks = [1, 2].map((round) => ({
    mark: 'round',
    timeMs: STARTED_MS + round * 900,
    pid: 100,
    role: 'server',
    round,
    attempt: 0,
    startedMs: STARTED_MS + (round - 1) * 900,
    peakBytes: (200 + 25 * round) * MIB,
    work: memory(120),
    end: memory(110),
    cleanup: null,
  }))
  writeFileSync(join(folder, 'marks.ndjson'), marks.map((mark) => `${JSON.stringify(mark)}\n`).join(''))
}
