import type { RecordedProcess, Recording, RoundRecord, Sample } from '../../src/recording/recording.js'
import type { Comparison, TrialResult } from '../../src/results/comparison.js'
import type { Setting } from '../../src/results/setting.js'
import type { MachineFacts } from '../../src/shared/machine-facts.js'
import type { CleanupRecord, MemoryReading } from '../../src/shared/marks.js'

/**
 * A comparison that was never run: invented numbers with the looks of a real one, the same at every call. It exists so
 * that figures, tables and pages can be held against committed files.
 */
export interface ExampleComparison {
  comparison: Comparison
  recordingOf(trial: TrialResult): Recording | undefined
}

export interface ExampleOptions {
  settings?: Setting[]
  trials?: number
  rounds?: number
  /** Labels of settings whose second trial fails after the seventh round. */
  failing?: string[]
  peakKind?: 'exact' | 'sampled'
}

const MIB = 2 ** 20
const MODEL_BYTES = 10_000_360
const BASE_BYTES = 52 * MIB
const STARTED_MS = Date.UTC(2026, 0, 5, 9, 0, 0)
const ROUND_MS = 420
const INTERVAL_MS = 50

export function exampleComparison(options: ExampleOptions = {}): ExampleComparison {
  const { settings = exampleSettings(), trials = 4, rounds = 20, failing = [], peakKind = 'exact' } = options
  const recordings = new Map<string, Recording>()
  const results: TrialResult[] = []
  for (let trial = 1; trial <= trials; trial++) {
    for (const setting of settings) {
      const isFailed = trial === 2 && failing.includes(setting.label)
      const index = results.length + 1
      const folder = `trials/${String(index).padStart(4, '0')}-${setting.label.replaceAll(/[^a-z0-9]+/gi, '-')}`
      const recording = exampleRecording(folder, setting, index, isFailed ? 7 : rounds, isFailed, peakKind)
      recordings.set(folder, recording)
      results.push(resultOf(recording, setting.label, index, trial))
    }
  }
  return {
    comparison: comparisonOf(settings, trials, rounds, results),
    recordingOf: ({ folder }) => recordings.get(folder),
  }
}

export function exampleSettings(): Setting[] {
  return ['unset', 4].flatMap((arenaMax) =>
    [0, 5, 1].map((gc) => ({
      label: `gc=${gc} arena=${arenaMax}`,
      values: { serverMemoryGcRounds: gc, arenaMax },
    })),
  )
}

function comparisonOf(settings: Setting[], trials: number, rounds: number, results: TrialResult[]): Comparison {
  return {
    format: 'tidemark-comparison/1',
    name: 'fedavg',
    createdMs: STARTED_MS,
    updatedMs: STARTED_MS + 240_000,
    state: 'completed',
    job: { algorithm: 'fedavg', rounds, clients: 2, modelSize: MODEL_BYTES, model: 'mlp', trainer: 'sgd' },
    modelBytes: results.length > 0 ? MODEL_BYTES : null,
    judge: 'server',
    repeat: ['tidemark', 'compare', 'fedavg', '--model-size', '10000360'],
    seed: 1,
    trialsPerSetting: trials,
    machine: exampleMachine(),
    settings,
    expectations: Object.fromEntries(
      settings.map(({ label, values }) => [
        label,
        [{ 0: ['grows', 'settling'], 5: ['sawtooth'] }[Number(values.serverMemoryGcRounds)] ?? ['stable']],
      ]),
    ),
    trials: results,
    warnings: [],
  }
}

export function exampleMachine(): MachineFacts {
  return {
    hostname: 'example',
    kernel: 'Linux 6.1.0-example',
    arch: 'x64',
    cpuModel: 'Example CPU, invented',
    cores: 2,
    memoryBytes: 16 * 1024 * MIB,
    cgroupLimitBytes: null,
    cgroupVersion: 2,
    transparentHugePages: 'madvise',
    pageSizeBytes: 4096,
    node: 'v20.20.2',
    glibc: '2.36',
  }
}

function resultOf(recording: Recording, setting: string, index: number, trial: number): TrialResult {
  const { head } = recording
  return {
    index,
    setting,
    trial,
    folder: recording.folder,
    state: head.state === 'failed' ? 'failed' : 'completed',
    reason: head.reason,
    startedMs: head.startedMs,
    endedMs: head.endedMs ?? head.startedMs,
    rounds: recording.rounds,
    initialRssBytes: recording.initial[0]?.memory.rssBytes ?? null,
    attribution: recording.attribution[0] ?? null,
    warnings: recording.warnings,
  }
}

/** Start-up of 600 ms, then the rounds, then a short end; every role is sampled at 20 Hz. */
function exampleRecording(
  folder: string,
  setting: Setting,
  index: number,
  rounds: number,
  isFailed: boolean,
  peakKind: 'exact' | 'sampled',
): Recording {
  const random = noise(index)
  const startedMs = STARTED_MS + index * 10_000
  const gc = Number(setting.values.serverMemoryGcRounds)
  const processes = ['server', 'site-1', 'site-2'].map((name, order) => ({ name, pid: 1000 * index + order, order }))
  const records: RoundRecord[] = []
  const ends = new Map<number, number[]>()
  let timeMs = startedMs + 600
  const boundaries = [timeMs]
  for (let round = 1; round <= rounds; round++) {
    const endMs = timeMs + ROUND_MS + Math.round(random() * 30) + (isCleanupDue(gc, round) ? 25 : 0)
    for (const { name, pid, order } of processes) {
      const record = roundRecord({
        name,
        pid,
        isServer: order === 0,
        round,
        gc,
        startedMs: timeMs,
        endedMs: endMs,
        peakKind,
        random,
      })
      records.push(record)
      ends.set(pid, [...(ends.get(pid) ?? []), record.end.rssBytes])
    }
    timeMs = endMs
    boundaries.push(timeMs)
  }
  const endedMs = timeMs + 300
  const initialRss = page(BASE_BYTES + random() * MIB)
  const server = processes[0]!.pid
  return {
    folder,
    head: {
      format: 'tidemark-recording/1',
      command: ['tidemark', 'server'],
      setting: setting.values,
      startedMs,
      endedMs,
      state: isFailed ? 'failed' : 'completed',
      reason: isFailed ? 'the server (pid 4127) was killed by SIGKILL in round 8' : null,
      machine: exampleMachine(),
      sampling: {
        askedIntervalMs: INTERVAL_MS,
        achievedIntervalMs: 50.1,
        samples: Math.floor((endedMs - startedMs) / INTERVAL_MS),
        readings: { read: 540, gone: 1, unreadable: 0 },
      },
      processes: processes.map(({ name, pid, order }) =>
        recordedProcess(name, pid, order, startedMs, endedMs, records, peakKind),
      ),
    },
    samples: samplesOf(processes, records, boundaries, startedMs, endedMs, initialRss, random),
    rounds: records,
    initial: [{ role: 'server', name: 'server', pid: server, memory: reading(initialRss) }],
    attribution: isFailed ? [] : [attributionOf(server, endedMs - 100, ends.get(server)!.at(-1)!, initialRss, gc)],
    failedRounds: [],
    modelBytes: MODEL_BYTES,
    warnings:
      peakKind === 'sampled' ? ['/proc/self/clear_refs cannot be written: peaks are sampled, a lower bound'] : [],
  }
}

function recordedProcess(
  name: string,
  pid: number,
  order: number,
  startedMs: number,
  endedMs: number,
  records: RoundRecord[],
  peakKind: 'exact' | 'sampled',
): RecordedProcess {
  return {
    pid,
    startTicks: 100_000 + pid,
    parentPid: 1,
    role: order === 0 ? 'server' : 'client',
    name,
    command: order === 0 ? 'tidemark server' : `tidemark client --name ${name}`,
    firstSeenMs: startedMs + order * 100,
    lastSeenMs: endedMs,
    allocator: 'glibc',
    peakBytes: Math.max(...records.filter((record) => record.pid === pid).map((record) => record.peakBytes ?? 0)),
    peakKind,
    exit: { code: 0, signal: null },
  }
}

interface RoundInput {
  name: string
  pid: number
  isServer: boolean
  round: number
  gc: number
  startedMs: number
  endedMs: number
  peakKind: 'exact' | 'sampled'
  random: () => number
}

/** gc 0 climbs for the first rounds and levels off; gc 5 falls at every fifth round; gc 1 stays low. */
function roundRecord({
  name,
  pid,
  isServer,
  round,
  gc,
  startedMs,
  endedMs,
  peakKind,
  random,
}: RoundInput): RoundRecord {
  const M = MODEL_BYTES
  const sinceCleanup = gc === 0 ? round : ((round - 1) % gc) + 1
  const held = BASE_BYTES + (isServer ? 1.4 : 1.9) * M
  const climb = isServer ? 4.2 * M * (1 - Math.exp(-sinceCleanup / 3.5)) : 0.8 * M * (1 - Math.exp(-round / 3))
  const work = page(held + climb + random() * 0.35 * M)
  const isCleaned = isServer && isCleanupDue(gc, round)
  const end = isCleaned ? page(held - 0.1 * M + random() * 0.06 * M) : work
  const gcMs = 4 + random() * 3
  const purgeMs = 9 + random() * 6
  const cleanup: CleanupRecord | null = isCleaned
    ? { gcMs, purgeMs, totalMs: gcMs + purgeMs + 0.4, rssBeforeBytes: work, rssAfterBytes: end }
    : null
  return {
    role: isServer ? 'server' : 'client',
    name,
    pid,
    round,
    startedMs,
    endedMs,
    peakBytes: page(work + (isServer ? 1.6 : 0.7) * M + random() * 0.3 * M),
    peakKind,
    work: reading(work),
    end: reading(end),
    cleanup,
    accuracy: isServer ? Math.round(1000 * (0.94 - 0.8 * Math.exp(-round / 4) + random() * 0.01)) / 1000 : null,
  }
}

/** Rises to the round's peak at 70 % of the round and falls to its end RSS. */
function samplesOf(
  processes: { name: string; pid: number; order: number }[],
  records: RoundRecord[],
  boundaries: number[],
  startedMs: number,
  endedMs: number,
  initialRss: number,
  random: () => number,
): Sample[] {
  const samples: Sample[] = []
  for (let timeMs = startedMs + INTERVAL_MS; timeMs < endedMs; timeMs += INTERVAL_MS) {
    const rss: [number, number][] = []
    for (const { pid, order } of processes) {
      if (timeMs < startedMs + order * 100) continue
      const own = records.filter((record) => record.pid === pid)
      const round = boundaries.findLastIndex((boundary) => boundary <= timeMs)
      const record = own[round]
      const before = own[round - 1]?.end.rssBytes ?? initialRss
      if (record === undefined) {
        rss.push([pid, round < 0 ? page(initialRss * Math.min(1, (timeMs - startedMs) / 200)) : before])
        continue
      }
      const share = (timeMs - record.startedMs) / (record.endedMs - record.startedMs)
      const peak = (record.peakBytes ?? before) - random() * 0.1 * MODEL_BYTES
      const value =
        share < 0.7
          ? before + (peak - before) * (share / 0.7)
          : peak + (record.end.rssBytes - peak) * ((share - 0.7) / 0.3)
      rss.push([pid, page(value)])
    }
    samples.push({ timeMs, rss })
  }
  return samples
}

function attributionOf(pid: number, timeMs: number, rssBytes: number, base: number, gc: number) {
  const liveBytes = Math.min(rssBytes, page(base + 1.15 * MODEL_BYTES))
  const freed = rssBytes - liveBytes
  const retainedBytes = page(freed * (gc === 1 ? 0.9 : 0.25))
  return {
    mark: 'attribution' as const,
    timeMs,
    pid,
    role: 'server',
    rssBytes,
    retainedBytes,
    garbageBytes: freed - retainedBytes,
    liveBytes,
  }
}

function isCleanupDue(gc: number, round: number): boolean {
  return gc > 0 && round % gc === 0
}

function reading(rssBytes: number): MemoryReading {
  const rssFileBytes = Math.min(rssBytes, 30 * MIB)
  return { rssBytes, rssAnonBytes: rssBytes - rssFileBytes, rssFileBytes, rssShmemBytes: 0 }
}

function page(bytes: number): number {
  return Math.round(bytes / 4096) * 4096
}

/** Uniform draws in [0, 1) by a linear congruential generator (Numerical Recipes), seeded. */
function noise(seed: number): () => number {
  let state = seed * 2_654_435_761
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
