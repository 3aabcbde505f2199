/**
 * Programs that grow until the kernel kills them at the limit of their cgroup: when it was forecast, and when it was. Prints
 * Markdown:
 *
 *     npm run build && npx jiti bench/limit-ramps.ts 100 2 > bench/results/limit-ramps.md
 *
 * Some 15 minutes; the second number is the seed. Needs root and memory cgroups of version 1. Each ramp has a cgroup with a limit of
 * its own, takes some 40 rounds of 0.2 s, and has noise in what a round adds, in what is held at its end, and a spike within it; in
 * every other one a child holds a part of the limit. Rounds are not shorter because the kernel may wait 0.1 s for memory that it
 * could reclaim before it kills. The forecast is the first one that /api/status has once 60 % of the limit are used. Goals (an issue
 * of the project sets them): the time of the kill by the kernel's log lies in the 90 % interval in at least 90 of 100, the kill is
 * reported with its round, and `limit within 10 rounds` fired before it in at least 95.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pollUntil } from '../src/launch/poll.js'
import { readMetadata } from '../src/recording/storage/read-recording.js'
import { MIB } from '../src/shared/units.js'
import { median } from '../src/statistics/median.js'
import type { LiveStatus } from '../src/verdict/live/live-status.js'
import { Goals } from './support/goals.js'
import { machine, PROGRAM, PYTHON, pause, scratchFolder } from './support/processes.js'

const RAMPS = Number(process.argv[2] ?? 100)
const SEED = Number(process.argv[3] ?? 1)
/**
 * Factor of all sizes. At 1 limits are 60 to 120 MiB, where what the kernel charges in advance on each processor (256 KiB) is a
 * part of a round.
 */
const SCALE = Number(process.argv[4] ?? 8)
const MEMORY = '/sys/fs/cgroup/memory'
const ENTER = 'echo $$ >"$0/cgroup.procs"; exec "$@"'
/** Share of the limit from which on the forecast is looked at. */
const LOOK_SHARE = 0.6
const ALARM = 'limit within 10 rounds'

/** What is held at the end of a round is noise about a line with noise in its steps. */
const RAMP = `import json, os, random, subprocess, sys, time
seed, rate, step_noise, end_noise, spike, child = int(sys.argv[1]), *map(float, sys.argv[2:7])
random.seed(seed)
mib = lambda size: bytearray(b"1") * int(max(0, size) * 2**20)
hold = "import sys; block = bytearray(b'1') * int(float(sys.argv[1]) * 2**20); print(1, flush=True); sys.stdin.read()"
if child > 0:
    helper = subprocess.Popen([sys.executable, "-c", hold, str(child)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    helper.stdout.readline()
def newest(file):
    with open(file, "rb") as lines:
        lines.seek(max(0, os.path.getsize(file) - 1000))
        return lines.read().decode()
kept = []
with open(os.environ["TIDEMARK_MARKS"], "a") as marks:
    for number in range(1, 1000):
        kept.append(mib(rate + random.gauss(0, step_noise)))
        block = mib(spike * random.uniform(0.8, 1))
        del block
        end = mib(random.uniform(0, end_noise))
        time.sleep(0.2)
        marks.write(json.dumps({"mark": "round", "round": number, "pid": os.getpid(), "role": "server"}) + "\\n")
        marks.flush()
        # The recorder has to read the round before the next one begins; a round of a real program is longer.
        deadline = time.monotonic() + 10
        while f'"round":{number},"processes"' not in newest(marks.name) and time.monotonic() < deadline:
            time.sleep(0.002)
        del end
`

interface Ramp {
  /** Round in which it was killed: the one after the last that it wrote a mark of. */
  killedIn: number
  killedMs: number
  /** Null where /api/status had none in time. */
  forecast: { round: number; timeMs: number; low: number; high: number; lowMs: number; highMs: number } | null
  /** Round that the recording names; null where it names none. */
  reportedRound: number | null
  /** When the alarm came; null where it did not. */
  firedMs: number | null
}

const scratch = scratchFolder()
const script = join(scratch, 'ramp.py')
writeFileSync(script, RAMP)
const ramps: Ramp[] = []
for (let i = 0; i < RAMPS; i++) {
  ramps.push(await ramp(i))
  const { killedIn, forecast, reportedRound, firedMs, killedMs } = ramps.at(-1)!
  const interval = forecast === null ? 'none' : `${forecast.low.toFixed(1)} to ${forecast.high.toFixed(1)}`
  console.error(
    `${i + 1}: killed in ${killedIn}, reported ${reportedRound}, forecast ${interval} (at ${forecast?.round}), fired ${firedMs === null ? 'never' : `${Math.round(killedMs - firedMs)} ms before`}, ms ${Math.round(killedMs - (forecast?.timeMs ?? 0))} of ${Math.round((forecast?.lowMs ?? 0) - (forecast?.timeMs ?? 0))} to ${Math.round((forecast?.highMs ?? 0) - (forecast?.timeMs ?? 0))}`,
  )
}

const seen = ramps.filter((one): one is Ramp & { forecast: NonNullable<Ramp['forecast']> } => one.forecast !== null)
const inRounds = seen.filter(
  ({ killedIn, forecast: { low, high } }) => Math.ceil(low) <= killedIn && killedIn <= Math.ceil(high),
)
const inTime = seen.filter(({ killedMs, forecast: { lowMs, highMs } }) => lowMs <= killedMs && killedMs <= highMs)
const reported = ramps.filter(({ killedIn, reportedRound }) => killedIn === reportedRound)
const fired = ramps.filter(({ firedMs, killedMs }) => firedMs !== null && firedMs < killedMs)
const of = (some: readonly unknown[]) => `${some.length} of ${RAMPS}`

console.log(`${machine()}\n`)
console.log(
  `${RAMPS} ramps (seed ${SEED}) to limits of ${60 * SCALE} to ${120 * SCALE} MiB, killed in rounds ${Math.min(...ramps.map(({ killedIn }) => killedIn))} to ${Math.max(...ramps.map(({ killedIn }) => killedIn))}; forecasts at ${Math.round(100 * LOOK_SHARE)} % of the limit, ${of(seen)} have one.\n`,
)
console.log('| measured | |')
console.log('| --- | --- |')
console.log(`| true round within the 90 % interval of rounds | ${of(inRounds)} |`)
console.log(
  `| too early, too late | ${seen.filter(({ killedIn, forecast }) => killedIn > Math.ceil(forecast.high)).length}, ${seen.filter(({ killedIn, forecast }) => killedIn < Math.ceil(forecast.low)).length} |`,
)
console.log(`| true time within the 90 % interval of time | ${of(inTime)} |`)
console.log(`| rounds ahead, median | ${median(seen.map(({ killedIn, forecast }) => killedIn - forecast.round))} |`)
console.log(
  `| width of the interval in rounds, median | ${median(seen.map(({ forecast }) => forecast.high - forecast.low)).toFixed(1)} |`,
)
console.log(`| kill reported with its round | ${of(reported)} |`)
console.log(`| \`${ALARM}\` fired before it | ${of(fired)} |`)
console.log(
  `| time from the alarm to the kill, median | ${Math.round(median(fired.map(({ killedMs, firedMs }) => killedMs - firedMs!)))} ms |`,
)
const goals = new Goals()
goals.add('true time in the 90 % interval in at least 90 %', of(inTime), inTime.length >= 0.9 * RAMPS)
goals.add('true round in the 90 % interval in at least 90 %', of(inRounds), inRounds.length >= 0.9 * RAMPS)
goals.add('each kill reported with its round', of(reported), reported.length === RAMPS)
goals.add(`\`${ALARM}\` before the kill in at least 95 %`, of(fired), fired.length >= 0.95 * RAMPS)
goals.print()

async function ramp(index: number): Promise<Ramp> {
  const draw = drawsOf(SEED * 1000 + index)
  const cgroup = join(MEMORY, `tidemark-ramp-${process.pid}-${index}`)
  const limitMib = SCALE * draw(60, 120)
  mkdirSync(cgroup)
  writeFileSync(join(cgroup, 'memory.limit_in_bytes'), String(Math.round(limitMib * MIB)))
  const childMib = index % 2 === 0 ? 0 : SCALE * draw(10, 25)
  const rate = (limitMib - childMib - 15) / draw(35, 55)
  const sizes = [rate, rate * draw(0, 0.5), SCALE * draw(0, 2), SCALE * draw(0, 4), childMib].map(String)
  const [out, alarm] = [join(scratch, `recording-${index}`), join(scratch, `alarm-${index}`)]
  const program = ['sh', '-c', ENTER, cgroup, PYTHON, script, String(index), ...sizes]
  const when = ['--when', ALARM, '--do', `echo $TIDEMARK_ALERT_TIME_MS > ${alarm}`]
  const tidemark = spawn(process.execPath, [PROGRAM, 'run', '--listen', '0', '--out', out, ...when, '--', ...program], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const kill = () => void tidemark.kill('SIGKILL')
  process.on('exit', kill)
  let heard = ''
  tidemark.stderr.on('data', (text) => {
    heard += text
  })
  const ended = once(tidemark, 'exit')
  let isOver = false
  void ended.then(() => {
    isOver = true
  })
  const urlIn = () => /live at (http:\/\/[^/]+\/)/.exec(heard)?.[1]
  await pollUntil(() => urlIn() !== undefined || isOver, 20_000)
  let forecast: Ramp['forecast'] = null
  while (!isOver && forecast === null) {
    forecast = await lookAt(urlIn()!)
    await pause(30)
  }
  await ended
  process.off('exit', kill)
  rmdirSync(cgroup)
  const { processes } = readMetadata(out)
  const rounds = readFileSync(join(out, 'marks.ndjson'), 'utf8').match(/^\{"mark": "round"/gm)!.length
  return {
    killedIn: rounds + 1,
    killedMs: kernelKillMs(),
    forecast,
    reportedRound: processes.find(({ exit }) => exit?.outOfMemory)?.exit?.round ?? null,
    firedMs: existsSync(alarm) ? Number(readFileSync(alarm, 'utf8')) : null,
  }
}

/**
 * When the kernel killed the last process for memory, by its log. The recorder sees the end later: the kernel frees the memory
 * first, which takes 0.1 s.
 */
function kernelKillMs(): number {
  const marker = `tidemark-ramp ${process.pid} ${performance.now()}`
  const markedMs = Date.now() // the write also waits for the console
  writeFileSync('/dev/kmsg', `${marker}\n`)
  const log = spawnSync('dmesg', { encoding: 'utf8', maxBuffer: 2 ** 26 }).stdout.split('\n')
  const secondsOf = (text: string) => Number(/^\[ *([\d.]+)\]/.exec(log.findLast((line) => line.includes(text))!)![1])
  return markedMs - 1000 * (secondsOf(marker) - secondsOf('Killed process'))
}

async function lookAt(url: string): Promise<Ramp['forecast']> {
  const answer = await fetch(`${url}api/status`).catch(() => undefined)
  const status = (await answer?.json().catch(() => undefined)) as LiveStatus | undefined
  const server = status?.roles.find(({ role }) => role === 'server')
  const [limit, ahead] = [status?.limit, server?.forecast]
  if (limit == null || ahead == null || ahead.ms === null || (limit.usedBytes ?? 0) < LOOK_SHARE * limit.bytes)
    return null
  const { round, endedMs } = server!.recentRounds.at(-1)!
  const [high, highMs] = [ahead.rounds.high ?? Number.POSITIVE_INFINITY, ahead.ms.high ?? Number.POSITIVE_INFINITY]
  return {
    round,
    timeMs: endedMs,
    low: round + ahead.rounds.low,
    high: round + high,
    lowMs: endedMs + ahead.ms.low,
    highMs: endedMs + highMs,
  }
}

/** A generator that is the same for the same seed: mulberry32. */
function drawsOf(seed: number): (from: number, to: number) => number {
  let state = seed
  return (from, to) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return from + (to - from) * (((t ^ (t >>> 14)) >>> 0) / 2 ** 32)
  }
}
